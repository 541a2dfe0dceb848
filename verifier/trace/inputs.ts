import type { Hex } from "viem";
import type { Failure } from "../../common/claim.ts";
import { AnhError } from "../../common/errors.ts";
import { JOB_FLAG } from "../../common/job.ts";
import type { Task } from "../../common/task.ts";
import { datasetFeeds, type Graph, valueAt, ZERO_SOURCE } from "../graph/graph.ts";
import type { FailedElement } from "../model/failure.ts";
import { sameType, sizeOf, type Tensor, type TensorType, zeros } from "../tensor/tensor.ts";
import { type Dataset, datasetTensorType } from "./dataset.ts";
import type { RowOrder } from "./rows.ts";

/** Everything a task's result is a function of. */
export type TaskInputs = {
  readonly task: Task;
  readonly seed: Hex;
  readonly graph: Graph;
  readonly dataset: Dataset;
  /** One tensor per state input of the graph. */
  readonly start: readonly Tensor[];
  /** Of a run that has no result: what failed in the last of `task.steps`, which are only those that its claim covers (P15). */
  readonly failed?: FailedElement | undefined;
};

/** The run as it is claimed, where it failed. */
export const claimedRun = (inputs: TaskInputs, failure: Failure | undefined): TaskInputs =>
  failure === undefined
    ? inputs
    : {
        ...inputs,
        task: { ...inputs.task, steps: failure.steps },
        failed: { node: failure.node, element: Number(failure.element) },
      };

export class TaskInputError extends AnhError {}

/** Which rows the steps read (P4.4). An inference has one row, its input. */
export const rowOrderOf = ({ task, seed, graph }: Pick<TaskInputs, "task" | "seed" | "graph">): RowOrder => ({
  sequential: (task.flags & JOB_FLAG.sequentialRows) !== 0,
  seed,
  datasetRows: Number(task.datasetRows),
  batchRows: task.batchRows,
  masks: graph.masks.map((keep, i) => ({
    elements: sizeOf(valueAt(graph, graph.batchInputs[datasetFeeds(graph) + i]!).shape),
    keep,
  })),
});

export const stateTypes = (graph: Graph): TensorType[] => graph.stateInputs.map(({ value }) => typeAt(graph, value));

export const feedTypes = (graph: Graph): TensorType[] => graph.batchInputs.map((value) => typeAt(graph, value));

export const datasetTypes = (graph: Graph, rows: number): TensorType[] =>
  feedTypes(graph)
    .slice(0, datasetFeeds(graph))
    .map((feed) => datasetTensorType(feed, rows));

/** Start state of an inference or evaluation: the named tensors of the model's state, zeros where none is named (P5.5). */
export function stateFromModel(graph: Graph, model: readonly Tensor[]): Tensor[] {
  return graph.stateInputs.map(({ value, source }) => {
    const type = typeAt(graph, value);
    if (source === ZERO_SOURCE) return zeros(type);
    const tensor = model[source];
    if (tensor === undefined || !sameType(tensor, type))
      throw new TaskInputError("bad-graph", `state input ${valueAt(graph, value).name} does not fit the model's state`);
    return tensor;
  });
}

const typeAt = (graph: Graph, value: number): TensorType => {
  const { dtype, shape } = valueAt(graph, value);
  return { dtype, shape };
};
