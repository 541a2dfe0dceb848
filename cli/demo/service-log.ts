import type { SupervisorEvents } from "../stack/supervisor.ts";
import { floatOfBits } from "./float-bits.ts";
import type { Teller } from "./teller.ts";
import { inWords } from "./words.ts";

export type ServiceEvent = Readonly<Record<string, unknown>> & { readonly service: string };

/** What the services said so far, and their processes: the story reads it, the teller shows some of it. */
export interface ServiceLog {
  readonly supervisorEvents: SupervisorEvents;
  readonly find: (test: (event: ServiceEvent) => boolean) => ServiceEvent | undefined;
  readonly filter: (test: (event: ServiceEvent) => boolean) => readonly ServiceEvent[];
}

/** Events that come by the hundred: kept for the summary, shown as progress or not at all. */
const QUIET = new Set([
  "sealed",
  "segment",
  "segment-checked",
  "anchored",
  "refused",
  "trouble",
  "round-failed",
  "fault",
]);

export function openServiceLog(teller: Teller, nameOfId: (id: unknown) => string | undefined): ServiceLog {
  const events: ServiceEvent[] = [];
  return {
    supervisorEvents: {
      started: (service, pid, restarts) =>
        teller.tell(
          "process-started",
          { service, pid, restarts },
          `${service} ${restarts > 0 ? "restarted" : "started"} (pid ${pid})`,
        ),
      exited: (service, pid, code, signal) =>
        teller.tell(
          "process-exited",
          { service, pid, code, signal },
          `${service} (pid ${pid}) ended: ${signal ?? code}`,
        ),
      event: (service, fields) => {
        const event: ServiceEvent = { ...fields, service };
        events.push(event);
        if (event.event === "segment") showTraining(teller, event, nameOfId(event.id));
        if (QUIET.has(String(event.event))) return;
        const { time: _time, pid: _pid, event: name, ...rest } = event;
        teller.tell(`service-${name}`, rest, inWords(event, nameOfId(event.id)));
      },
    },
    find: (test) => events.find(test),
    filter: (test) => events.filter(test),
  };
}

function showTraining(teller: Teller, event: ServiceEvent, name: string | undefined): void {
  const loss = typeof event.lossBits === "number" ? `loss ${floatOfBits(event.lossBits).toFixed(4)}` : "";
  teller.progress(`${event.service}: ${name ?? "an unknown job"}`, Number(event.step) / Number(event.steps), loss);
}
