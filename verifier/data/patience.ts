/** Wall time spent waiting for one server, however many requests are under way, against what its answers are worth. */
export type Patience = {
  /** Milliseconds left; at most 0: it is not asked any more. */
  readonly leftMs: () => number;
  /** Runs a request; it tells how many bytes came. */
  readonly during: <T>(request: (received: (bytes: number) => void) => Promise<T>) => Promise<T>;
};

/** An honest server sends faster. */
const LEAST_BYTES_PER_MS = 1000;

/** `patienceMs`, and more for every byte that came: who sends a byte now and then is given up, who sends much is not. */
export function openPatience(patienceMs: number, now: () => number = () => performance.now()): Patience {
  let waitedMs = 0;
  let bytes = 0;
  let active = 0;
  let since = 0;
  const waited = () => waitedMs + (active > 0 ? now() - since : 0);
  return {
    leftMs: () => patienceMs + bytes / LEAST_BYTES_PER_MS - waited(),
    during: async (request) => {
      if (active++ === 0) since = now();
      try {
        return await request((count) => {
          bytes += count;
        });
      } finally {
        if (--active === 0) waitedMs += now() - since;
      }
    },
  };
}
