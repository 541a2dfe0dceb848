import { setTimeout as sleep } from "node:timers/promises";
import type { WrongL1Error } from "../common/l1-errors.ts";
import { type EventSink, fatalOf, roundFailed } from "./events.ts";

export type Service = {
  readonly stop: () => Promise<void>;
  /** Rejects with what no waiting cures, and has ended then: L1 is another one. Never resolves. */
  readonly failed: Promise<never>;
};

/** Runs one round after the other until it is stopped; what fails in one is told, and the next tries again. */
export function startRounds(pollMs: number, round: () => Promise<void>, events: EventSink): Service {
  const stopping = new AbortController();
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {}); // it may come while nobody awaits it
  const loop = async (): Promise<WrongL1Error | undefined> => {
    while (!stopping.signal.aborted) {
      try {
        await round();
      } catch (error) {
        const fatal = fatalOf(error);
        if (fatal !== undefined) return fatal;
        events(roundFailed(error));
      }
      await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => {});
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
