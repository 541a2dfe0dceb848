import type { Runtime, Session } from "../runtime/runtime.ts";

/** `runtime`, that tells how long each computation took: of a check, what its claimant cannot draw out by serving slowly. */
export const timed = (runtime: Runtime, onSpent: (ms: number) => void): Runtime => ({
  name: runtime.name,
  open: async (graph) => timedSession(await runtime.open(graph), onSpent),
});

function timedSession({ step, values, segment, close }: Session, onSpent: (ms: number) => void): Session {
  const timing =
    <A extends unknown[], T>(compute: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      const began = performance.now();
      try {
        return await compute(...args);
      } finally {
        onSpent(performance.now() - began);
      }
    };
  return { step: timing(step), values: timing(values), segment: timing(segment), close };
}
