import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import type { FailedElement } from "../model/failure.ts";
import { hasLeaf } from "../model/leaf.ts";
import type { Session } from "../runtime/runtime.ts";
import { type Tensor, zeros } from "../tensor/tensor.ts";
import type { TaskInputs } from "./inputs.ts";
import type { Steps } from "./steps.ts";

// A step in which something fails is committed like any other, but for what comes with the failure and behind it: zeros (P15.2).

type Run = Pick<TaskInputs, "task" | "graph" | "failed">;

/** What fails in a step of the run: the last one, if any. */
export const failedIn = ({ task, failed }: Pick<Run, "task" | "failed">, step: number): FailedElement | undefined =>
  step === task.steps - 1 ? failed : undefined;

/** A session that gives the values of step `step` as they are committed. */
export function committedSession(run: Run, session: Session, step: number): Session {
  const failed = failedIn(run, step);
  if (failed === undefined) return session;
  return {
    ...session,
    values: async (state, batch, ids) => zeroed(run.graph, failed, ids, await session.values(state, batch, ids)),
  };
}

/** The same of all steps. */
export function committedSteps(run: Run, steps: Steps): Steps {
  if (run.failed === undefined) return steps;
  return {
    ...steps,
    values: async (step, state, batch, ids) => {
      const values = await steps.values(step, state, batch, ids);
      const failed = failedIn(run, step);
      return failed === undefined ? values : zeroed(run.graph, failed, ids, values);
    },
  };
}

/** The graph up to the node that fails. */
export const before = (graph: Graph, failed: FailedElement | undefined): Graph =>
  failed === undefined ? graph : { ...graph, nodes: graph.nodes.slice(0, failed.node) };

function zeroed(graph: Graph, { node }: FailedElement, ids: readonly ValueId[], values: readonly Tensor[]): Tensor[] {
  const zero = new Set<ValueId>();
  // What Reshape gives are its operand's bytes.
  for (const { op, inputs, attributes, output } of graph.nodes.slice(node))
    if (hasLeaf({ op, inputs, attributes, output }) || zero.has(inputs[0]!)) zero.add(output);
  return ids.map((id, i) => {
    const { dtype, shape } = valueAt(graph, id);
    return zero.has(id) ? zeros({ dtype, shape }) : values[i]!;
  });
}
