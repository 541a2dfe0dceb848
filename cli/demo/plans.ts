import type { Address, Hex } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { JOB_FLAG, type Job, PROFILE, type ProfileName, trainId } from "../../common/job.ts";
import { packHashes, treeRoot } from "../../common/merkle.ts";
import { encodeGraph } from "../../verifier/model/encoding.ts";
import { type ModelGraphs, mlpGraphs } from "../../verifier/model/mlp.ts";
import { toOnnx } from "../../verifier/model/onnx/write.ts";
import { graphRef } from "../../verifier/model/root.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../verifier/tensor/tensor.ts";
import { type Dataset, datasetBytes, datasetOf, datasetRoot } from "../../verifier/trace/dataset.ts";
import type { Digits } from "./mnist.ts";

/** One of the demo's three trainings of a 784-128-10 network. */
export interface TrainingPlan {
  readonly name: "A" | "B" | "C";
  readonly profile: ProfileName;
  readonly stepRoots: boolean;
  readonly soft: boolean;
  readonly steps: number;
  readonly batchRows: number;
}

/** Content that a requester uploads: what the job names by root. */
export interface Upload {
  readonly kind: "graph" | "tensor" | "roots";
  readonly root: Hex;
  readonly bytes: Uint8Array;
}

export interface PlannedTraining {
  readonly plan: TrainingPlan;
  readonly graphs: ModelGraphs;
  readonly job: Job;
  readonly modelId: Hex;
  readonly uploads: readonly Upload[];
}

const SIZES = [784, 128, 10];
const EVALUATE_ROWS = 500;
const SEGMENT_STEPS = 64;
const WINDOW_SECONDS = 60;
const PRICE_WEI_PER_GFLOP = 10n ** 12n;

/** Batch 100 in C: there one thread and two give different bits (at 128 they would be equal), and neither is wrong. */
export const trainingPlans = (profileOfB: ProfileName): readonly TrainingPlan[] => [
  { name: "A", profile: "strict", stepRoots: false, soft: false, steps: 704, batchRows: 128 },
  { name: "B", profile: profileOfB, stepRoots: true, soft: true, steps: 192, batchRows: 128 },
  { name: "C", profile: "tolerant", stepRoots: true, soft: false, steps: 128, batchRows: 100 },
];

export const digitsDataset = (digits: Digits): Dataset =>
  datasetOf([
    { dtype: "uint8", shape: [digits.rows, 784], data: digits.images },
    { dtype: "uint8", shape: [digits.rows], data: digits.labels },
  ]);

/** The dataset's tensors, and the list of their roots that its own root stands for. */
export function tensorUploads(tensors: readonly Tensor[]): Upload[] {
  const leaves = tensors.map((tensor): Upload => {
    const bytes = bytesOf(tensor);
    return { kind: "tensor", root: tensorRoot(bytes), bytes };
  });
  const roots = leaves.map(({ root }) => root);
  return roots.length === 1 ? leaves : [...leaves, { kind: "roots", root: treeRoot(roots), bytes: packHashes(roots) }];
}

export interface JobContext {
  readonly l2ChainId: bigint;
  /** The contract that will call the precompile: nobody else can open this job. */
  readonly requester: Address;
  readonly dataset: Dataset;
  /** L2 time after which nobody is paid for it. */
  readonly deadline: bigint;
  readonly randomSeed: number;
}

export const graphsOf = (plan: TrainingPlan, randomSeed: number): ModelGraphs =>
  mlpGraphs({
    sizes: SIZES,
    seed: randomSeed,
    batchRows: plan.batchRows,
    evaluateBatchRows: EVALUATE_ROWS,
    optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
  });

export function planTraining(plan: TrainingPlan, context: JobContext): PlannedTraining {
  const graphs = graphsOf(plan, context.randomSeed);
  const all = [graphs.train.graph, graphs.infer, graphs.evaluate];
  const [trainGraph, inferGraph, evaluateGraph] = all.map((graph) => graphRef(encodeGraph(graph)));
  const start = graphs.train.state.map((state) => state.start);
  const startUploads = tensorUploads(start);
  const job: Job = {
    chainId: context.l2ChainId,
    requester: context.requester,
    salt: `0x${plan.name.charCodeAt(0).toString(16).padStart(64, "0")}`,
    trainGraph: trainGraph!,
    inferGraph: inferGraph!,
    evaluateGraph: evaluateGraph!,
    datasetRoot: datasetRoot(context.dataset),
    datasetRows: BigInt(context.dataset.rows),
    datasetBytes: BigInt(datasetBytes(context.dataset)),
    startRoot: startUploads.at(-1)?.root ?? ZERO_HASH,
    stateBytes: BigInt(start.reduce((sum, tensor) => sum + bytesOf(tensor).length, 0)),
    steps: plan.steps,
    segmentSteps: SEGMENT_STEPS,
    batchRows: plan.batchRows,
    evaluateBatchRows: EVALUATE_ROWS,
    profile: PROFILE[plan.profile],
    flags: (plan.stepRoots ? JOB_FLAG.stepRoots : 0) | (plan.soft ? JOB_FLAG.soft : 0),
    priceWeiPerGflop: PRICE_WEI_PER_GFLOP,
    deadline: context.deadline,
    windowSeconds: WINDOW_SECONDS,
  };
  const graphUploads = all.map(
    (graph, i): Upload => ({
      kind: "graph",
      root: [trainGraph, inferGraph, evaluateGraph][i]!.root,
      bytes: toOnnx(graph),
    }),
  );
  return { plan, graphs, job, modelId: trainId(job), uploads: [...graphUploads, ...startUploads] };
}
