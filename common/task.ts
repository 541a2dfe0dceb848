import { decodeAbiParameters, encodeAbiParameters, type Hex } from "viem";
import { structHash, ZERO_HASH } from "./hash.ts";
import {
  badJob,
  checkJob,
  evaluateId,
  type GraphRef,
  graphRefParameter,
  inferId,
  JOB_FLAG,
  type Job,
  MAX_PRICE_WEI,
  MAX_SEGMENTS,
  PROFILE,
  trainId,
} from "./job.ts";

export const TASK_KIND = { train: 1, infer: 2, evaluate: 3, commission: 4 } as const;
export type TaskKind = (typeof TASK_KIND)[keyof typeof TASK_KIND];

/** What is claimed and disputed: a run that trains, infers, evaluates or measures what was delivered, derived from a job (P4.3). Field order is the ABI order. */
export interface Task {
  readonly id: Hex;
  readonly kind: number;
  readonly modelId: Hex;
  readonly graph: GraphRef;
  readonly datasetRoot: Hex;
  readonly datasetRows: bigint;
  readonly startRoot: Hex;
  readonly steps: number;
  readonly segmentSteps: number;
  readonly batchRows: number;
  readonly profile: number;
  readonly flags: number;
  readonly priceWei: bigint;
  readonly deadline: bigint;
  readonly windowSeconds: number;
}

export const taskComponents = [
  { name: "id", type: "bytes32" },
  { name: "kind", type: "uint8" },
  { name: "modelId", type: "bytes32" },
  { name: "graph", ...graphRefParameter },
  { name: "datasetRoot", type: "bytes32" },
  { name: "datasetRows", type: "uint64" },
  { name: "startRoot", type: "bytes32" },
  { name: "steps", type: "uint32" },
  { name: "segmentSteps", type: "uint32" },
  { name: "batchRows", type: "uint32" },
  { name: "profile", type: "uint8" },
  { name: "flags", type: "uint8" },
  { name: "priceWei", type: "uint256" },
  { name: "deadline", type: "uint64" },
  { name: "windowSeconds", type: "uint32" },
] as const;

export const taskParameter = { type: "tuple", components: taskComponents } as const;
export const taskHash = (task: Task): Hex => structHash("Task", [taskParameter], [task]);
export const encodeTask = (task: Task): Hex => encodeAbiParameters([taskParameter], [task]);
export const decodeTask = (bytes: Hex): Task => decodeAbiParameters([taskParameter], bytes)[0];

const GIGA = 10n ** 9n;

/** Compute price rounded up: ⌈steps × flops × priceWeiPerGflop / 10⁹⌉ (P4.3). */
export const priceWeiUp = (steps: number, flops: bigint, priceWeiPerGflop: bigint): bigint =>
  (BigInt(steps) * flops * priceWeiPerGflop + GIGA - 1n) / GIGA;

function shared(
  job: Job,
  graph: GraphRef,
  steps: number,
  priceWei = priceWeiUp(steps, graph.flops, job.priceWeiPerGflop),
) {
  if (graph.root === ZERO_HASH) throw badJob("graph", "a job that has the graph for this kind of task", graph.root);
  if (priceWei > MAX_PRICE_WEI) throw badJob("priceWei", "less than 2¹²⁸", priceWei);
  const { segmentSteps, deadline, windowSeconds } = job;
  if (steps > MAX_SEGMENTS * segmentSteps)
    throw badJob("segments", "⌈steps / segmentSteps⌉ of at most 2²⁰", Math.ceil(steps / segmentSteps));
  // What a property is measured by, and what its model is used for, is computed in one order only (P13.5).
  const profile = job.profile === PROFILE.property ? PROFILE.strict : job.profile;
  return { graph, steps, profile, priceWei, deadline, windowSeconds };
}

export function trainTask(job: Job): Task {
  checkJob(job);
  if (job.profile === PROFILE.property) throw badJob("kind", "a training", "a commission");
  return {
    ...shared(job, job.trainGraph, job.steps),
    id: trainId(job),
    kind: TASK_KIND.train,
    modelId: ZERO_HASH,
    datasetRoot: job.datasetRoot,
    datasetRows: job.datasetRows,
    startRoot: job.startRoot,
    segmentSteps: job.segmentSteps,
    batchRows: job.batchRows,
    flags: job.flags,
  };
}

/** Measuring what was delivered on the rows drawn for it (P13.5). */
export function commissionTask(job: Job, startRoot: Hex): Task {
  checkJob(job);
  if (job.profile !== PROFILE.property) throw badJob("kind", "a commission", "a training");
  const { evaluateBatchRows, property } = job;
  const steps = property.samples / evaluateBatchRows;
  return {
    ...shared(job, job.evaluateGraph, steps, property.priceWei),
    id: trainId(job),
    kind: TASK_KIND.commission,
    modelId: ZERO_HASH,
    datasetRoot: property.heldOutRoot,
    datasetRows: property.heldOutRows,
    startRoot,
    segmentSteps: Math.min(job.segmentSteps, steps),
    batchRows: evaluateBatchRows,
    flags: job.flags,
  };
}

/** What makes the model of a job. Of a commission nothing is known to be delivered yet: its start root is 0. */
export const modelTask = (job: Job): Task =>
  job.profile === PROFILE.property ? commissionTask(job, ZERO_HASH) : trainTask(job);

/** A run from a state whose root the task names; the others start from a consumed result, tensor by tensor. */
export const startsFromRoot = ({ kind }: Pick<Task, "kind">): boolean =>
  kind === TASK_KIND.train || kind === TASK_KIND.commission;

export function inferTask(job: Job, inputRoot: Hex): Task {
  checkJob(job);
  const modelId = trainId(job);
  return {
    ...shared(job, job.inferGraph, 1),
    id: inferId(modelId, inputRoot),
    kind: TASK_KIND.infer,
    modelId,
    datasetRoot: inputRoot,
    datasetRows: 1n,
    startRoot: ZERO_HASH,
    segmentSteps: 1,
    batchRows: 1,
    flags: job.flags | JOB_FLAG.sequentialRows,
  };
}

export function evaluateTask(job: Job, datasetRoot: Hex, rows: number): Task {
  checkJob(job);
  const modelId = trainId(job);
  if (job.evaluateBatchRows < 1) throw badJob("evaluateBatchRows", "at least 1", job.evaluateBatchRows);
  if (rows < 1 || rows % job.evaluateBatchRows !== 0)
    throw badJob("rows", `a positive multiple of ${job.evaluateBatchRows}`, rows);
  const steps = rows / job.evaluateBatchRows;
  return {
    ...shared(job, job.evaluateGraph, steps),
    id: evaluateId(modelId, datasetRoot, rows),
    kind: TASK_KIND.evaluate,
    modelId,
    datasetRoot,
    datasetRows: BigInt(rows),
    startRoot: ZERO_HASH,
    segmentSteps: Math.min(job.segmentSteps, steps),
    batchRows: job.evaluateBatchRows,
    flags: job.flags | JOB_FLAG.sequentialRows,
  };
}

/** A training whose state tensors start by the rules of its graph, drawn from the seed (P4.7). */
export const startsDrawn = ({ kind, flags }: Pick<Task, "kind" | "flags">): boolean =>
  kind === TASK_KIND.train && (flags & JOB_FLAG.drawnStart) !== 0;

/** True where no random value is read: the seed is zero and nobody needs to reserve (P4.5, P6.3). */
export const isSeedless = (task: Task): boolean => (task.flags & JOB_FLAG.sequentialRows) !== 0 && !startsDrawn(task);
export const hasStepRoots = (task: Task): boolean => (task.flags & JOB_FLAG.stepRoots) !== 0;
export const isSoft = (task: Task): boolean => (task.flags & JOB_FLAG.soft) !== 0;
export const segmentCount = (task: Task): number => Math.ceil(task.steps / task.segmentSteps);
/** Steps in segment `index`; only the last may be shorter. */
export const stepsInSegment = (task: Task, index: number): number =>
  Math.min(task.segmentSteps, task.steps - index * task.segmentSteps);
