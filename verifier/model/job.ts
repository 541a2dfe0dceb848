import { type Address, type Hex, hexToBytes } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import {
  badJob,
  checkWindow,
  encodeJob,
  type GraphRef,
  JOB_FLAG,
  type Job,
  MAX_SEGMENT_STEPS,
  PROFILE,
  type ProfileName,
  trainId,
} from "../../common/job.ts";
import { packHashes, treeRoot } from "../../common/merkle.ts";
import { NO_PROPERTY } from "../../common/property.ts";
import { modelTask } from "../../common/task.ts";
import type { TrainStep } from "../autodiff/train-step.ts";
import { type Graph, valueAt } from "../graph/graph.ts";
import { tensorRoot } from "../tensor/root.ts";
import { byteSizeOf, bytesOf } from "../tensor/tensor.ts";
import { type Dataset, datasetBytes, datasetRoot } from "../trace/dataset.ts";
import { startList } from "../trace/start.ts";
import { encodeGraph } from "./encoding.ts";
import { openingMilliseconds } from "./opening.ts";
import { graphRef } from "./root.ts";
import { graphUpload, tensorUpload, tensorUploads, type Upload } from "./uploads.ts";

/** The graphs a job names; nobody can ask for an evaluation where there is none. */
export type JobGraphs = { readonly train: TrainStep; readonly infer: Graph; readonly evaluate: Graph | null };

/** The devnet's. */
export const SHORTEST_ANSWER_SECONDS = 30;
/** Parts of that time: one to open a segment in, the others for a slow or busy machine and for L1. */
const ANSWER_PARTS = 3n;

const NO_GRAPH: GraphRef = { root: ZERO_HASH, flops: 0n, bytes_: 0n };

/** A training as its requester thinks of it; what the job says about graphs and sizes follows from it. */
export interface JobSpec {
  readonly l2ChainId: bigint;
  /** The contract that will call the precompile: it puts its caller here (P12.8), so another gives another id and model. */
  readonly requester: Address;
  /** Tells apart jobs that are equal in all else. */
  readonly salt: Hex;
  readonly graphs: JobGraphs;
  /** Tensor i feeds batch input i of the training graph. */
  readonly dataset: Dataset;
  readonly steps: number;
  readonly profile: ProfileName;
  readonly flags: readonly (keyof typeof JOB_FLAG)[];
  readonly priceWeiPerGflop: bigint;
  /** L2 time, in seconds, after which nobody is paid for it. */
  readonly deadline: bigint;
  /** How long a claim can be challenged before it is final. */
  readonly windowSeconds: number;
  /** The chain's MIN_WINDOW (`anh_chainFile`, under `clocks`); without it the chain is the first to refuse a shorter window. */
  readonly minWindowSeconds?: number;
  /** The chain's ANSWER_SECONDS; without it the shortest that any chain has. Segments are short enough to be opened in time. */
  readonly answerSeconds?: number;
}

/** A job, its id (also the model's), and what must be uploaded before it is asked for. */
export interface BuiltJob {
  readonly job: Job;
  readonly modelId: Hex;
  /** The job, graphs and start tensors. The dataset is not among them: many jobs may share one (`tensorUploads`). */
  readonly uploads: readonly Upload[];
}

/** The job that trains these graphs on this dataset (P4.1). Throws `BadJobError` for what L1 or L2 would refuse. */
export function buildJob(spec: JobSpec): BuiltJob {
  const { train, infer, evaluate } = spec.graphs;
  const trainGraph = graphRef(encodeGraph(train.graph));
  const start = train.state.map((state) => state.start);
  const isDrawn = train.state.some(({ rule }) => rule !== undefined);
  const startRoots = startList(
    train.graph,
    start.map((tensor) => tensorRoot(bytesOf(tensor))),
  );
  const job: Job = {
    chainId: spec.l2ChainId,
    requester: spec.requester,
    salt: spec.salt,
    trainGraph,
    inferGraph: graphRef(encodeGraph(infer)),
    evaluateGraph: evaluate === null ? NO_GRAPH : graphRef(encodeGraph(evaluate)),
    datasetRoot: datasetRoot(spec.dataset),
    datasetRows: BigInt(spec.dataset.rows),
    datasetBytes: BigInt(datasetBytes(spec.dataset)),
    startRoot: treeRoot(startRoots),
    stateBytes: BigInt(start.reduce((sum, tensor) => sum + byteSizeOf(tensor), 0)),
    steps: spec.steps,
    segmentSteps: segmentStepsFor(trainGraph, spec.answerSeconds ?? SHORTEST_ANSWER_SECONDS),
    batchRows: rowsOf(train.graph),
    evaluateBatchRows: evaluate === null ? 0 : rowsOf(evaluate),
    profile: PROFILE[spec.profile],
    flags: flagsOf(spec.flags) | (isDrawn ? JOB_FLAG.drawnStart : 0),
    priceWeiPerGflop: spec.priceWeiPerGflop,
    deadline: spec.deadline,
    windowSeconds: spec.windowSeconds,
    property: NO_PROPERTY,
  };
  modelTask(job); // throws for what L1 would refuse
  checkWindow(job, spec.minWindowSeconds ?? 0);
  const modelId = trainId(job);
  // Those who look at its claims later find its other graphs by the job.
  const own: Upload = { kind: "job", root: modelId, bytes: hexToBytes(encodeJob(job)) };
  const uploads = [
    own,
    ...[train.graph, infer, ...(evaluate === null ? [] : [evaluate])].map(graphUpload),
    ...(isDrawn ? namedUploads(train, startRoots) : tensorUploads(start)),
  ];
  return { job, modelId, uploads };
}

/** Of a start of which some is drawn: the tensors that the start root names, and their list; nothing where all is drawn. */
function namedUploads({ state }: TrainStep, roots: readonly Hex[]): Upload[] {
  const named = state.flatMap(({ start, rule }) => (rule === undefined ? [tensorUpload(start)] : []));
  if (named.length === 0) return [];
  return [...named, { kind: "roots", root: treeRoot(roots), bytes: packHashes(roots) }];
}

/** As many steps as can be opened within the time for answers. */
export function segmentStepsFor(graph: GraphRef, answerSeconds: number): number {
  const perStep = openingMilliseconds(graph, 1);
  if (perStep === 0n) return MAX_SEGMENT_STEPS;
  const steps = Number((1000n * BigInt(answerSeconds)) / ANSWER_PARTS / perStep);
  return Math.min(Math.max(steps, 1), MAX_SEGMENT_STEPS);
}

export const flagsOf = (flags: JobSpec["flags"]): number => flags.reduce((sum, flag) => sum | flagOf(flag), 0);

/** Plain JavaScript may name a flag that is none; it would be no flag at all, silently. */
function flagOf(flag: keyof typeof JOB_FLAG): number {
  if (!Object.hasOwn(JOB_FLAG, flag)) throw badJob("flags", `of ${Object.keys(JOB_FLAG).join(", ")}`, flag);
  return JOB_FLAG[flag];
}

/** Rows that one step reads: the first dimension of every batch input. */
export const rowsOf = (graph: Graph): number => valueAt(graph, graph.batchInputs[0]!).shape[0]!;
