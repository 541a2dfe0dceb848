// Three steps of a small training, an inference and an evaluation of its result, as a claimant would commit them.
import type { Hex } from "viem";
import { NO_FAILURE, type SegmentLeaf, segmentLeafHash, stepTraceHash } from "../../../common/claim.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { PROFILE } from "../../../common/job.ts";
import { treeRoot } from "../../../common/merkle.ts";
import { type Task, taskHash } from "../../../common/task.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { bitsOf } from "../../../verifier/numerics/float32.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { type Dataset, datasetOf, datasetRoot, datasetTensorRoots } from "../../../verifier/trace/dataset.ts";
import { gatherRows, rowBytesOf } from "../../../verifier/trace/gather-rows.ts";
import { rowsOfStep } from "../../../verifier/trace/rows.ts";
import { metricsRootOf, stepTraceOf } from "../../../verifier/trace/step.ts";
import { chunksOf } from "../../../verifier/witness/chunks.ts";
import type { DatasetSource } from "../../../verifier/witness/content.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { type LeafCase, type LeafContext, leafCase, taskOf } from "./leaf-case.ts";

const BATCH = 4;
const ROWS = 50;
export const STEPS = 3;
const SEGMENT = 2;
export const SEED: Hex = `0x${"5e".repeat(32)}`;

const random = uniform(21);
export const graphs = mlpGraphs({
  sizes: [40, 12, 10],
  seed: 1,
  batchRows: BATCH,
  evaluateBatchRows: 5,
  optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
});

export const dataset: Dataset = datasetOf([
  randomTensor(random, "uint8", [ROWS, 40], 0, 256),
  randomTensor(random, "uint8", [ROWS], 0, 10),
]);

/** The dataset as a challenger has it. */
export const datasetSource: DatasetSource = {
  roots: datasetTensorRoots(dataset),
  rows: ROWS,
  chunks: async (tensor, first, last) => chunksOf(bytesOf(dataset.tensors[tensor]!), first, last),
};

export function batchAt(rows: readonly number[]): Tensor[] {
  return dataset.tensors.map((tensor) => ({
    dtype: tensor.dtype,
    shape: [rows.length, ...tensor.shape.slice(1)],
    data: gatherRows(bytesOf(tensor), rowBytesOf(tensor), rows),
  }));
}

export const orderAt = { sequential: false, seed: SEED, datasetRows: ROWS, batchRows: BATCH };

const train = graphs.train.graph;

function trained(): LeafCase[] {
  let state: readonly Tensor[] = graphs.train.state.map(({ start }) => start);
  return Array.from({ length: STEPS }, (_, t) => {
    const values = evaluate(train, state, batchAt(rowsOfStep(orderAt, t)));
    state = train.stateOutputs.map((id) => values[id]!);
    return leafCase(train, values);
  });
}

/** The honest steps. */
export const steps: readonly LeafCase[] = trained();

export const trainTaskOf = (changes: Partial<Task> = {}): Task =>
  taskOf(steps[0]!, {
    datasetRoot: datasetRoot(dataset),
    datasetRows: BigInt(ROWS),
    startRoot: stepTraceOf(steps[0]!.roots).stateIn,
    steps: STEPS,
    segmentSteps: SEGMENT,
    batchRows: BATCH,
    profile: PROFILE.strict,
    flags: 1,
    ...changes,
  });

export const lossOf = ({ graph, values }: LeafCase): number => bitsOf((values[graph.loss!]!.data as Float32Array)[0]!);

/** Steps of one segment as committed. */
export const segmentSteps = (claimed: readonly LeafCase[], segment: number): readonly LeafCase[] =>
  claimed.slice(segment * SEGMENT, (segment + 1) * SEGMENT);

export const stepHashesOf = (claimed: readonly LeafCase[]): Hex[] =>
  claimed.map(({ roots }) => stepTraceHash(stepTraceOf(roots)));

export function segmentLeaves(claimed: readonly LeafCase[]): SegmentLeaf[] {
  return Array.from({ length: Math.ceil(claimed.length / SEGMENT) }, (_, index) => {
    const own = segmentSteps(claimed, index);
    return {
      index,
      endState: stepTraceOf(own.at(-1)!.roots).stateOut,
      metricsRoot: metricsRootOf(own.map(lossOf)),
      stepsRoot: treeRoot(stepHashesOf(own)),
    };
  });
}

/** What Disputes hands to a verifier for step `t` of the claimed steps; `leaves` may be lied about. */
export function trainContext(
  claimed: readonly LeafCase[],
  t: number,
  leaves: readonly SegmentLeaf[] = segmentLeaves(claimed),
): LeafContext {
  const segment = Math.floor(t / SEGMENT);
  return {
    task: trainTaskOf(),
    seed: SEED,
    consumedResultRoot: ZERO_HASH,
    consumedTaskHash: ZERO_HASH,
    trajectoryRoot: treeRoot(leaves.map(segmentLeafHash)),
    segment: leaves[segment]!,
    step: t % SEGMENT,
    globalStep: t,
    trace: stepTraceOf(claimed[t]!.roots),
    failure: NO_FAILURE,
  };
}

const finalState = train.stateOutputs.map((id) => steps.at(-1)!.values[id]!);
export const finalRoots = steps.at(-1)!.roots.stateOut;

/** One step of inference or evaluation on the trained state. */
export function consuming(kind: "infer" | "evaluate"): LeafCase {
  const graph = graphs[kind];
  const state = graph.stateInputs.map(
    ({ source }) => finalState[source] ?? { dtype: "float32" as const, shape: [1], data: new Float32Array(1) },
  );
  return leafCase(
    graph,
    evaluate(graph, state, kind === "infer" ? batchAt([7]).slice(0, 1) : batchAt([0, 1, 2, 3, 4])),
  );
}

export function consumingContext(leaf: LeafCase, changes: Partial<Task> = {}): LeafContext {
  return {
    task: taskOf(leaf, { modelId: `0x${"22".repeat(32)}`, flags: 5, batchRows: 5, ...changes }),
    seed: ZERO_HASH,
    consumedResultRoot: treeRoot(finalRoots),
    consumedTaskHash: taskHash(trainTaskOf()),
    trajectoryRoot: ZERO_HASH,
    segment: { index: 0, endState: stepTraceOf(leaf.roots).stateOut, metricsRoot: ZERO_HASH, stepsRoot: ZERO_HASH },
    step: 0,
    globalStep: 0,
    trace: stepTraceOf(leaf.roots),
    failure: NO_FAILURE,
  };
}
