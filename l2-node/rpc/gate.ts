import { RpcError } from "./errors.ts";

export interface GateOptions {
  readonly maxRunning: number;
  readonly maxWaiting: number;
  /** Who waited longer is turned away when its turn comes: nobody listens any more. */
  readonly maxWaitMs: number;
}

export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** Lets so many pieces of work run at once; others wait their turn, in order of arrival, and beyond that are refused. */
export function openGate({ maxRunning, maxWaiting, maxWaitMs }: GateOptions): Gate {
  /** Each takes the turn it is offered, or says that it does not. */
  const waiting: (() => boolean)[] = [];
  let running = 0;
  const busy = () => new RpcError("limitExceeded", "too many calls at once; try again later");

  async function enter(): Promise<void> {
    if (running < maxRunning) {
      running++;
      return;
    }
    if (waiting.length >= maxWaiting) throw busy();
    const since = performance.now();
    await new Promise<void>((resolve, reject) => {
      waiting.push(() => {
        const inTime = performance.now() - since <= maxWaitMs;
        if (inTime) resolve();
        else reject(busy());
        return inTime;
      });
    });
  }

  function leave(): void {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) if (next()) return;
    running--;
  }

  return async (work) => {
    await enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
