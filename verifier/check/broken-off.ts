import type { Runtime, Session } from "../runtime/runtime.ts";

/** Nothing that is found can be of use; something else comes first; the service ends. */
export type BreakReason = "decided" | "window-over" | "gave-way" | "stopped";

/** The check of a claim ended before anything was found. */
export class BrokenOffError extends Error {
  readonly reason: BreakReason;

  constructor(reason: BreakReason) {
    super(`the check was broken off: ${reason}`);
    this.reason = reason;
  }
}

/**
 * `runtime`, that looks before whatever it computes (a step, or a segment that runs as one) whether that is still wanted.
 * @param look throws where it is not
 */
export const whileWanted = (runtime: Runtime, look: () => void): Runtime => ({
  name: runtime.name,
  open: async (graph) => wantedSession(await runtime.open(graph), look),
});

const wantedSession = (session: Session, look: () => void): Session => ({
  step: async (...args) => {
    look();
    return session.step(...args);
  },
  values: async (...args) => {
    look();
    return session.values(...args);
  },
  segment: async (...args) => {
    look();
    return session.segment(...args);
  },
  close: session.close,
});
