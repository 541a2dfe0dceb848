import { once } from "node:events";

/** Resolves when the process is asked to end. */
export const untilSignal = (): Promise<unknown> => Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
