/** Overturns of soft claims within one window that pause soft resumption for the next one. */
const OVERTURNS = 8;

/** Bounds how often lies can make everybody execute anew (P6.6). Times are L1's, in seconds, and never fall. */
export interface CircuitBreaker {
  /** A soft claim that had effect was overturned. */
  overturned(at: bigint): void;
  /** Whether what is claimed at `at` waits for `Final`. */
  isOpen(at: bigint): boolean;
}

export function circuitBreaker(windowSeconds: bigint): CircuitBreaker {
  let overturns: bigint[] = [];
  // Claims may share a second with the overturn that trips it, and are before the pause: the trip before may hold them.
  const trips: bigint[] = [];
  return {
    overturned(at) {
      overturns = [...overturns, at].slice(-OVERTURNS);
      if (overturns.length === OVERTURNS && at - overturns[0]! <= windowSeconds) trips.push(at);
    },
    isOpen(at) {
      const last = trips.findLast((trip) => trip < at);
      return last !== undefined && at <= last + windowSeconds;
    },
  };
}
