import type { Graph, OpName } from "../graph/graph.ts";
import { total } from "../ops/arithmetic.ts";
import { RuntimeError } from "./errors.ts";
import { openReference } from "./reference.ts";
import type { Runtime, Session } from "./runtime.ts";

/** Whether they can be computed depends on their operands' values. */
const PARTIAL: readonly OpName[] = ["Gather", "GatherElements", "ScatterElements"];

/**
 * `runtime`, with a result for everything: what it refuses to run, because an index is no row's, is NaN from there on, by
 * the slow reference. Nobody can run such a task, so without it nobody could say that a claim of it is made up.
 */
export const totalRuntime = (runtime: Runtime): Runtime => ({
  name: runtime.name,
  open: async (graph) => {
    const session = await runtime.open(graph);
    return isPartial(graph) ? totalSession(graph, session) : session;
  },
});

const isPartial = ({ nodes }: Graph): boolean => nodes.some(({ op }) => PARTIAL.includes(op));

function totalSession(graph: Graph, session: Session): Session {
  const reference = openReference(graph, total);
  const orElse = async <T>(run: Promise<T>, other: () => Promise<T>): Promise<T> => {
    try {
      return await run;
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      return other();
    }
  };
  return {
    step: (...args) => orElse(session.step(...args), () => reference.step(...args)),
    values: (...args) => orElse(session.values(...args), () => reference.values(...args)),
    segment: (...args) => orElse(session.segment(...args), () => reference.segment(...args)),
    close: session.close,
  };
}
