import { setTimeout as sleep } from "node:timers/promises";
import type { WrongL1Error } from "../common/l1-errors.ts";
import { type EventSink, fatalOf, roundFailed } from "./events.ts";

export type Service = {
  readonly stop: () => Promise<void>;
  /** Rejects with what no waiting cures, and has ended then: L1 is another one. Never resolves. */
  readonly failed: Promise<never>;
};

/** So many usual pauses at most, seconds with what services begin with, after rounds that failed one after the other. */
const MAX_PAUSES = 16;
export const pauseMs = (pollMs: number, failures: number): number => pollMs * Math.min(2 ** failures, MAX_PAUSES);

/**
 * Runs one round after the other until it is stopped; what fails in one is told, and the next tries again, later each time that it
 * fails as well.
 */
export function startRounds(pollMs: number, round: () => Promise<void>, events: EventSink): Service {
  const stopping = new AbortController();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {}); // it may come while nobody awaits it
  const loop = async (): Promise<WrongL1Error | undefined> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await round();
        failures = 0;
      } catch (error) {
        const fatal = fatalOf(error);
        if (fatal !== undefined) return fatal;
        events(roundFailed(error));
        failures += 1;
      }
      await sleep(pauseMs(pollMs, failures), undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const running = loop().then((fatal) => {
    if (fatal !== undefined) reject(fatal);
  });
  return {
    failed,
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
