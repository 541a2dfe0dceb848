import type { Failure } from "../../common/claim.ts";
import { PROFILE } from "../../common/job.ts";
import { segmentCount, stepsInSegment, TASK_KIND, type Task } from "../../common/task.ts";
import { type Graph, valueAt } from "../graph/graph.ts";
import { canFail, type FailedElement, resultFor } from "../model/failure.ts";
import { hasLeaf } from "../model/leaf.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { firstUncanonical } from "./canonical.ts";
import type { Gatherer } from "./gather.ts";
import { missingRow } from "./indices.ts";
import { rowOrderOf, type TaskInputs } from "./inputs.ts";
import { batchOf } from "./run.ts";
import type { Steps } from "./steps.ts";
import { placementIn, type StepValues } from "./values.ts";

/** A state that a run was in, and the first step from it on that is not known. */
export type Reached = { readonly segment: number; readonly state: readonly Tensor[] };

/** Whether of a task it can be claimed that it fails (P15.1). */
export const mayFail = ({ kind, profile }: Pick<Task, "kind" | "profile">): boolean =>
  profile === PROFILE.strict && kind !== TASK_KIND.commission;

/**
 * The element by which a run fails that holds what no claim may hold: steps are computed one by one, all values of each in memory,
 * to the first node that gives such a value. Undefined where a right result of it would have been possible, or where none can be
 * claimed to fail: that run cannot be claimed at all.
 */
export async function findFailure(
  inputs: TaskInputs,
  { steps, gatherer }: { readonly steps: Steps; readonly gatherer: Pick<Gatherer, "feeds"> },
  { segment, state: reached }: Reached,
): Promise<Failure | undefined> {
  const { task, graph } = inputs;
  const ids = graph.values.map((_, id) => id);
  let state = reached;
  for (let index = segment; index < segmentCount(task); index++) {
    const [first, count] = [index * task.segmentSteps, stepsInSegment(task, index)];
    const feeds = await gatherer.feeds(rowOrderOf(inputs), first, count);
    for (let i = 0; i < count; i++) {
      const values = await steps.values(first + i, state, batchOf(graph, feeds, i, count), ids);
      const suspect = firstSuspect(graph, values);
      if (suspect !== undefined) {
        const failed = failedElement(graph, suspect, values);
        return failed && { steps: first + i + 1, node: failed.node, element: BigInt(failed.element) };
      }
      state = graph.stateOutputs.map((id) => values[id]!);
    }
  }
  return undefined;
}

/** The first node that gives what no claim may hold, or looks up a row that is not there. */
function firstSuspect(graph: Graph, values: StepValues): number | undefined {
  const known = new Map(values.entries());
  const node = graph.nodes.findIndex(
    (one) =>
      firstUncanonical(values[one.output]!) !== undefined ||
      missingRow({ ...graph, nodes: [one] }, known) !== undefined,
  );
  return node < 0 ? undefined : node;
}

/** Its first element that no result is right of. */
function failedElement(graph: Graph, node: number, values: StepValues): FailedElement | undefined {
  const { output } = graph.nodes[node]!;
  if (!hasLeaf(graph.nodes[node]!) || !canFail(graph, placementIn(graph), node)) return undefined;
  const { data } = values[output]!;
  // Of floats only what is none can have failed, unless the runtime looked up a row of its own choice.
  const isLookup = firstUncanonical(values[output]!) === undefined;
  for (let element = 0; element < sizeOf(valueAt(graph, output).shape); element++) {
    if (!isLookup && Number.isFinite(Number(data[element]))) continue;
    const right = resultFor(graph, { node, element }, (id) => values[id]!);
    if (right === undefined) return { node, element };
    if (!isLookup) return undefined;
  }
  return undefined;
}
