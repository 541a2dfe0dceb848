import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { describe, sameType, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { FeedError } from "./errors.ts";

export function checkFeeds(graph: Graph, state: readonly Tensor[], batch: readonly Tensor[]): void {
  checkAll(
    graph,
    graph.stateInputs.map((input) => input.value),
    state,
  );
  checkAll(graph, graph.batchInputs, batch);
}

/** Checks stacked batches and returns their number of steps. */
export function checkSegment(graph: Graph, state: readonly Tensor[], batches: readonly Tensor[]): number {
  const steps = batches[0]?.shape[0] ?? 0;
  if (steps < 1) throw new FeedError("segment", "at least one step", String(steps));
  checkAll(
    graph,
    graph.stateInputs.map((input) => input.value),
    state,
  );
  checkAll(graph, graph.batchInputs, batches, [steps]);
  return steps;
}

function checkAll(
  graph: Graph,
  ids: readonly ValueId[],
  tensors: readonly Tensor[],
  leading: readonly number[] = [],
): void {
  if (ids.length !== tensors.length) throw new FeedError("inputs", `${ids.length} tensors`, String(tensors.length));
  for (const [i, id] of ids.entries()) {
    const { name, dtype, shape } = valueAt(graph, id);
    const expected: TensorType = { dtype, shape: [...leading, ...shape] };
    if (!sameType(expected, tensors[i]!)) throw new FeedError(name, describe(expected), describe(tensors[i]!));
  }
}
