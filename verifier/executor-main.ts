// The executor as a process: it reads its settings, runs until it is told to stop, and reports as NDJSON on stdout.
import { openDemandSource } from "./claims/demand-source.ts";
import { type EventSink, ndjsonSink } from "./events.ts";
import { type ExecutorTold, readExecutorSettings } from "./executor-settings.ts";
import { type ExecutorParts, honestSteps, runExecutor } from "./executor-wiring.ts";
import { diagnose } from "./runtime/doctor.ts";
import { isGpu } from "./runtime/provider.ts";
import { untilSignal } from "./signal.ts";

const DEMANDS_TIMEOUT_MS = 10_000;

/** Until a signal. Throws `WrongL1Error` once its L1 is another one. `openSteps` is where an executor that computes differently comes in. */
export async function executorMain(
  settings: ExecutorTold,
  events: EventSink,
  openSteps: ExecutorParts["openSteps"] = honestSteps(settings.threads, settings.provider),
): Promise<void> {
  // What would lose its claims, or is not there, is told before anything is reserved.
  if (isGpu(settings.provider))
    for (const diagnosis of await diagnose(settings.provider, settings.threads))
      events({ event: "examined", provider: settings.provider, ...diagnosis });
  const signalled = untilSignal();
  const demands = openDemandSource(settings.nodeUrl, DEMANDS_TIMEOUT_MS);
  const running = await runExecutor(settings, { demands, openSteps, events });
  await Promise.race([signalled, running.failed]).finally(() => running.stop());
}

if (import.meta.main) {
  const settings = readExecutorSettings(process.argv.slice(2), process.env);
  await executorMain(
    settings,
    ndjsonSink("executor", (line) => process.stdout.write(line)),
  );
  process.exit(0);
}
