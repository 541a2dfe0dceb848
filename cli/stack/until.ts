import { setTimeout as sleep } from "node:timers/promises";
import { AnhError } from "../../common/errors.ts";

/** Waited for longer than it can take when all is well. */
export class WaitedTooLongError extends AnhError {}

const LOOK_MS = 100;

/** Looks until `look` gives something true, and gives it. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => Promise<T | undefined | false | null>,
  lookMs = LOOK_MS,
): Promise<T> {
  const start = performance.now();
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false && seen !== null) return seen;
    const waitedMs = performance.now() - start;
    if (waitedMs > limitMs)
      throw new WaitedTooLongError("waited-too-long", `waited ${Math.round(waitedMs / 1000)} s until ${what}`, {
        expected: `within ${limitMs / 1000} s`,
        hint: "the services' logs are in the data folder, under logs/",
      });
    await sleep(lookMs);
  }
}
