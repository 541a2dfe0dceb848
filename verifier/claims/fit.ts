import { type Job, PROFILE } from "../../common/job.ts";
import { TASK_KIND, type Task } from "../../common/task.ts";
import { datasetFeeds, type Graph, type GraphKind, valueAt } from "../graph/graph.ts";
import { unprovableNodes } from "../model/check.ts";
import { encodeGraph } from "../model/encoding.ts";
import { graphRef } from "../model/root.ts";
import { byteSizeOf, fromBytes, type TensorType } from "../tensor/tensor.ts";
import { DeclinedError, firstUncanonical } from "../trace/canonical.ts";
import { datasetTypes, feedTypes, stateTypes } from "../trace/inputs.ts";

const KINDS: Readonly<Record<number, GraphKind>> = {
  [TASK_KIND.train]: "train",
  [TASK_KIND.infer]: "infer",
  [TASK_KIND.evaluate]: "evaluate",
  [TASK_KIND.commission]: "evaluate",
};

/** Throws `DeclinedError` where a graph that has the task's root is not the one that its task describes: L1 takes such a job
 * (4.2), and an honest claim of it could not be answered for, or be proven wrong. */
export function requireFit(task: Task, graph: Graph): void {
  if (graph.kind !== KINDS[task.kind]) throw new DeclinedError(`its graph is one to ${graph.kind}`);
  const { flops, bytes_ } = graphRef(encodeGraph(graph));
  // No proof of a node or of the header verifies under other sums (P5.6).
  if (flops !== task.graph.flops || bytes_ !== task.graph.bytes_)
    throw new DeclinedError(`its graph takes ${flops} flops and ${bytes_} bytes, not what the job says`);
  // Kind 9 judges no constant, and no leaf what is computed from such a one (P7.8).
  for (const { value, bytes } of graph.constants)
    if (firstUncanonical(fromBytes(valueAt(graph, value), bytes)) !== undefined)
      throw new DeclinedError(`its constant ${valueAt(graph, value).name} is not finite`);
  // What has no fixed order comes out of the runtime otherwise than L1 replays it.
  const [unprovable] = unprovableNodes(graph, task.profile === PROFILE.strict ? "strict" : "tolerant");
  if (unprovable !== undefined) throw new DeclinedError(unprovable.message);
  const feeds = feedTypes(graph).slice(0, datasetFeeds(graph));
  if (task.kind === TASK_KIND.infer ? feeds.length !== 1 : feeds.length === 0)
    throw new DeclinedError(`its graph takes ${feeds.length} tensors of data`);
  if (task.kind === TASK_KIND.infer) return;
  for (const { shape } of feeds)
    if (shape[0] !== task.batchRows) throw new DeclinedError(`its graph takes ${shape[0]} rows, not ${task.batchRows}`);
}

/** Throws `DeclinedError` where a training is larger than its job says, by which its room was judged. */
export function requireSizes(job: Job, graph: Graph): void {
  const bytesOf = (types: readonly TensorType[]) => types.reduce((sum, type) => sum + BigInt(byteSizeOf(type)), 0n);
  if (bytesOf(stateTypes(graph)) > job.stateBytes) throw new DeclinedError("its state is larger than the job says");
  if (bytesOf(datasetTypes(graph, Number(job.datasetRows))) > job.datasetBytes)
    throw new DeclinedError("its dataset is larger than the job says");
}
