import { WrongL1Error } from "../common/l1-errors.ts";
import { ownErrorOf, troubleOf } from "../common/trouble.ts";

/** One line of what a service does; amounts as bigint, hashes as hex. */
export type ServiceEvent = { readonly event: string; readonly [field: string]: unknown };

/** Where services report to: the demo's supervisor and operators read it line by line. */
export type EventSink = (event: ServiceEvent) => void;

/** `about`: the claim or task that it failed for; without, the round ended early. */
export function roundFailed(error: unknown, about: object = {}): ServiceEvent {
  const { message, url, hint = url === undefined ? undefined : GOES_ON } = troubleOf(error);
  return { event: "round-failed", ...about, error: message, ...(hint === undefined ? {} : { hint }) };
}

const GOES_ON = "the service goes on by itself once it answers; is it up, and the URL right?";

/** What fails for one claim or task must not keep a service from the others: it is reported, and the next round tries again. */
export async function apart(about: object, events: EventSink, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    events(roundFailed(error, about));
  }
}

/** What no waiting cures, so that the service must end: its L1 is another one. */
export function fatalOf(error: unknown): WrongL1Error | undefined {
  const own = ownErrorOf(error);
  return own instanceof WrongL1Error ? own : undefined;
}

/** NDJSON on a stream, with the time and the process's id. */
export function ndjsonSink(service: string, write: (line: string) => void): EventSink {
  return (event) => {
    const line = { service, pid: process.pid, time: new Date().toISOString(), ...event };
    write(`${JSON.stringify(line, (_, value) => (typeof value === "bigint" ? value.toString() : value))}\n`);
  };
}
