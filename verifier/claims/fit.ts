import type { Job } from "../../common/job.ts";
import type { Task } from "../../common/task.ts";
import { type Graph, valueAt, ZERO_SOURCE } from "../graph/graph.ts";
import { unprovableNodes } from "../model/check.ts";
import { encodeGraph } from "../model/encoding.ts";
import { flawOf, gateFlaw } from "../model/flaw.ts";
import { isFiniteUnderAnySeed } from "../numerics/start-draw.ts";
import { profileOf } from "../ops/judge.ts";
import { byteSizeOf, describe, fromBytes, sameType, type TensorType } from "../tensor/tensor.ts";
import { DeclinedError, firstUncanonical } from "../trace/canonical.ts";
import { datasetTypes, stateTypes } from "../trace/inputs.ts";

/** Throws `DeclinedError` where a graph that has the task's root is not the one that its task describes: L1 takes such a job
 * (4.2), and an honest claim of it could not be answered for, or be proven wrong. */
export function requireFit(task: Task, graph: Graph): void {
  // What voids the job (14.2) would take the pay for any claim of it.
  const flaw = flawOf(task, encodeGraph(graph)) ?? gateFlaw(task, graph);
  if (flaw !== undefined) throw new DeclinedError(`its graph voids the job: ${flaw.reason}`);
  // Kind 9 judges no constant, and no leaf what is computed from such a one (P7.8).
  for (const { value, bytes } of graph.constants)
    if (firstUncanonical(fromBytes(valueAt(graph, value), bytes)) !== undefined)
      throw new DeclinedError(`its constant ${valueAt(graph, value).name} is not finite`);
  // A start is drawn after a bond was put at stake for it: no seed may take it out of binary32.
  for (const { value, rule } of graph.stateInputs)
    if (rule !== undefined && !isFiniteUnderAnySeed(rule))
      throw new DeclinedError(`its start ${valueAt(graph, value).name} is not finite under every seed`);
  // What has no fixed order comes out of the runtime otherwise than L1 replays it.
  const [unprovable] = unprovableNodes(graph, profileOf(task));
  if (unprovable !== undefined) throw new DeclinedError(unprovable.message);
}

/** Throws `DeclinedError` where a graph starts from something that the model is not: that voids the job, too. */
export function requireSources(graph: Graph, model: readonly (TensorType | undefined)[]): void {
  for (const { value, source } of graph.stateInputs) {
    if (source === ZERO_SOURCE) continue;
    const [given, wanted] = [model[source], valueAt(graph, value)];
    if (given === undefined || !sameType(given, wanted))
      throw new DeclinedError(`its graph voids the job: the model has no tensor ${source} that is ${describe(wanted)}`);
  }
}

/** Throws `DeclinedError` where a training is larger than its job says, by which its room was judged. */
export function requireSizes(job: Job, graph: Graph): void {
  const bytesOf = (types: readonly TensorType[]) => types.reduce((sum, type) => sum + BigInt(byteSizeOf(type)), 0n);
  if (bytesOf(stateTypes(graph)) > job.stateBytes) throw new DeclinedError("its state is larger than the job says");
  if (bytesOf(datasetTypes(graph, Number(job.datasetRows))) > job.datasetBytes)
    throw new DeclinedError("its dataset is larger than the job says");
}
