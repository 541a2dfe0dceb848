// The challenger as a process: it reads its settings, runs until it is told to stop, and reports as NDJSON on stdout.
import { readChallengerSettings } from "./challenger-settings.ts";
import { type ChallengerSettings, runChallenger } from "./challenger-wiring.ts";
import { type EventSink, ndjsonSink } from "./events.ts";
import { untilSignal } from "./signal.ts";

/** Until a signal. Throws `WrongL1Error` once its L1 is another one. */
export async function challengerMain(settings: ChallengerSettings, events: EventSink): Promise<void> {
  const signalled = untilSignal();
  const running = runChallenger(settings, events);
  await Promise.race([signalled, running.failed]).finally(() => running.stop());
}

if (import.meta.main) {
  const settings = readChallengerSettings(process.argv.slice(2), process.env);
  await challengerMain(
    settings,
    ndjsonSink("challenger", (line) => process.stdout.write(line)),
  );
  process.exit(0);
}
