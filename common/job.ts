import { type Address, decodeAbiParameters, encodeAbiParameters, type Hex, zeroAddress } from "viem";
import { AnhError, type ErrorDetails } from "./errors.ts";
import { structHash, ZERO_HASH } from "./hash.ts";
import { MAX_HELD_OUT_ROWS, MAX_SAMPLES, type Property, propertyComponents } from "./property.ts";

/** Root triple of a graph's sum tree (P0.4): `flops` and `bytes_` are per step. */
export interface GraphRef {
  readonly root: Hex;
  readonly flops: bigint;
  readonly bytes_: bigint;
}

/** What a requester asks to be trained (P4). Field order is the ABI order. */
export interface Job {
  readonly chainId: bigint;
  readonly requester: Address;
  readonly salt: Hex;
  readonly trainGraph: GraphRef;
  readonly inferGraph: GraphRef;
  readonly evaluateGraph: GraphRef;
  readonly datasetRoot: Hex;
  readonly datasetRows: bigint;
  readonly datasetBytes: bigint;
  readonly startRoot: Hex;
  readonly stateBytes: bigint;
  readonly steps: number;
  readonly segmentSteps: number;
  readonly batchRows: number;
  readonly evaluateBatchRows: number;
  readonly profile: number;
  readonly flags: number;
  readonly priceWeiPerGflop: bigint;
  readonly deadline: bigint;
  readonly windowSeconds: number;
  readonly property: Property;
}

export const PROFILE = { strict: 0, tolerant: 1, property: 2 } as const;
/** Profiles that a run is judged in; a property is measured in `strict` (P13.5). */
export type ProfileName = Exclude<keyof typeof PROFILE, "property">;
/** `gpu`: the column of the tolerant profile; without it, `cpu` (docs/numerics.md N3, N7). */
export const JOB_FLAG = { stepRoots: 1, soft: 2, sequentialRows: 4, unique: 8, drawnStart: 16, gpu: 32 } as const;

/** A segment is one executor run and one leaf of the trajectory (P4.2). */
export const MAX_SEGMENT_STEPS = 64;
/** Of a task: whoever checks a claim holds a record of each. */
export const MAX_SEGMENTS = 2 ** 20;
/** 30 days: an open claim holds back every later state claim, so no job may ask for a window without end (P4.2). */
export const MAX_WINDOW_SECONDS = 2_592_000;
/** Whoever adds times to a deadline stays far from 2⁶⁴ (P4.2). */
export const MAX_DEADLINE_SECONDS = 2n ** 40n;
/** Rates and prices; steps × flops × rate then needs less than 2²²⁴ (P4.2). */
export const MAX_PRICE_WEI = 2n ** 128n - 1n;

const graphRefComponents = [
  { name: "root", type: "bytes32" },
  { name: "flops", type: "uint64" },
  { name: "bytes_", type: "uint64" },
] as const;

export const graphRefParameter = { type: "tuple", components: graphRefComponents } as const;

export const jobComponents = [
  { name: "chainId", type: "uint256" },
  { name: "requester", type: "address" },
  { name: "salt", type: "bytes32" },
  { name: "trainGraph", type: "tuple", components: graphRefComponents },
  { name: "inferGraph", type: "tuple", components: graphRefComponents },
  { name: "evaluateGraph", type: "tuple", components: graphRefComponents },
  { name: "datasetRoot", type: "bytes32" },
  { name: "datasetRows", type: "uint64" },
  { name: "datasetBytes", type: "uint64" },
  { name: "startRoot", type: "bytes32" },
  { name: "stateBytes", type: "uint64" },
  { name: "steps", type: "uint32" },
  { name: "segmentSteps", type: "uint32" },
  { name: "batchRows", type: "uint32" },
  { name: "evaluateBatchRows", type: "uint32" },
  { name: "profile", type: "uint8" },
  { name: "flags", type: "uint8" },
  { name: "priceWeiPerGflop", type: "uint256" },
  { name: "deadline", type: "uint64" },
  { name: "windowSeconds", type: "uint32" },
  { name: "property", type: "tuple", components: propertyComponents },
] as const;

export const jobParameter = { type: "tuple", components: jobComponents } as const;

export const encodeJob = (job: Job): Hex => encodeAbiParameters([jobParameter], [job]);
export const decodeJob = (bytes: Hex): Job => decodeAbiParameters([jobParameter], bytes)[0];

/** Id of the training or commission a job asks for; it is also the ModelId (P4.1). */
export const trainId = (job: Job): Hex => structHash("Train", [jobParameter], [job]);

/** Equal questions to one model share one answer, hence one id (P4.1). */
export const inferId = (modelId: Hex, inputRoot: Hex): Hex =>
  structHash("Infer", [{ type: "bytes32" }, { type: "bytes32" }], [modelId, inputRoot]);
export const evaluateId = (modelId: Hex, datasetRoot: Hex, rows: number): Hex =>
  structHash("Evaluate", [{ type: "bytes32" }, { type: "bytes32" }, { type: "uint32" }], [modelId, datasetRoot, rows]);

/** A job that L1 or L2 would refuse. The message begins with `job.` and the field, by the name that L1 gives in `JobInvalid`. */
export class BadJobError extends AnhError {
  readonly field: string;

  constructor(field: string, message: string, details: ErrorDetails) {
    super("bad-job", message, details);
    this.field = field;
  }
}

export const badJob = (field: string, expected: string, actual: unknown): BadJobError =>
  new BadJobError(field, `job.${field} is ${String(actual)}; expected ${expected}`, { expected, actual });

/** The rules of P4.2 for jobs, in the order of TaskLib on L1. Throws `BadJobError` naming the first that is broken. */
export function checkJob(job: Job): void {
  const isProperty = job.profile === PROFILE.property;
  // A commission need not say how the weights may be come by.
  const trains = !isProperty || job.trainGraph.root !== ZERO_HASH;
  if (trains && job.steps < 1) throw badJob("steps", "at least 1", job.steps);
  if (job.segmentSteps < 1 || job.segmentSteps > MAX_SEGMENT_STEPS)
    throw badJob("segmentSteps", "1 … 64", job.segmentSteps);
  if (trains && (job.batchRows < 1 || BigInt(job.batchRows) > job.datasetRows))
    throw badJob("batchRows", "1 … datasetRows", job.batchRows);
  if (job.profile > PROFILE.property) throw badJob("profile", "0 (strict), 1 (tolerant) or 2 (property)", job.profile);
  if (job.flags > 63) throw badJob("flags", "a sum of 1, 2, 4, 8, 16, 32", job.flags);
  if (job.profile === PROFILE.tolerant && (job.flags & JOB_FLAG.stepRoots) === 0)
    throw badJob("stepRoots", "set, which the tolerant profile requires", job.flags);
  if ((job.flags & JOB_FLAG.gpu) !== 0 && job.profile !== PROFILE.tolerant)
    throw badJob("gpu", "not set but in the tolerant profile, of which it is a column", job.flags);
  if (!isProperty && job.trainGraph.root === ZERO_HASH)
    throw badJob("trainGraph", "the root of a training graph", job.trainGraph.root);
  // Row t·batchRows + j is read, which must be a row of the dataset (P4.4).
  if ((job.flags & JOB_FLAG.sequentialRows) !== 0 && BigInt(job.steps) * BigInt(job.batchRows) > job.datasetRows)
    throw badJob(
      "sequentialRows",
      "steps × batchRows of at most datasetRows",
      BigInt(job.steps) * BigInt(job.batchRows),
    );
  if (job.priceWeiPerGflop > MAX_PRICE_WEI) throw badJob("priceWeiPerGflop", "less than 2¹²⁸", job.priceWeiPerGflop);
  if (job.deadline > MAX_DEADLINE_SECONDS) throw badJob("deadline", "at most 2⁴⁰ seconds", job.deadline);
  if (job.windowSeconds > MAX_WINDOW_SECONDS) throw badJob("windowSeconds", "at most 30 days", job.windowSeconds);
  if (isProperty) checkProperty(job);
  // Whoever asks for a property in another profile would not get it.
  else if (job.property.samples !== 0)
    throw badJob("property", "of no samples, but for profile 2", job.property.samples);
}

/** The rules of P13.1, in the order of PropertyRules on L1. */
function checkProperty({ flags, evaluateGraph, evaluateBatchRows, property }: Job): void {
  const { heldOutRows, samples, minCorrect, priceWei, validator } = property;
  if ((flags & JOB_FLAG.sequentialRows) !== 0) throw badJob("sequentialRows", "not set in profile 2", flags);
  if (evaluateGraph.root === ZERO_HASH) throw badJob("evaluateGraph", "the root of an evaluation graph", ZERO_HASH);
  if (evaluateBatchRows < 1) throw badJob("evaluateBatchRows", "at least 1", evaluateBatchRows);
  if (heldOutRows < 1n || heldOutRows > MAX_HELD_OUT_ROWS) throw badJob("heldOutRows", "1 … 2³² − 1", heldOutRows);
  if (samples < 1 || samples > MAX_SAMPLES || samples % evaluateBatchRows !== 0)
    throw badJob("samples", `a positive multiple of ${evaluateBatchRows} below 2²⁴`, samples);
  if (minCorrect > samples) throw badJob("minCorrect", `at most the ${samples} samples`, minCorrect);
  if (priceWei > MAX_PRICE_WEI) throw badJob("propertyPriceWei", "less than 2¹²⁸", priceWei);
  // A stranger's contract may overturn such a claim: nothing goes on before it is final.
  if (validator !== zeroAddress && (flags & JOB_FLAG.soft) !== 0)
    throw badJob("validator", "none in a job that resumes softly", validator);
}

/** The one bound of P4.2 that is a chain's own: MIN_WINDOW. L1 refuses claims of a job below it, after all of `checkJob`. */
export function checkWindow({ windowSeconds }: Pick<Job, "windowSeconds">, minWindowSeconds: number): void {
  if (windowSeconds < minWindowSeconds)
    throw badJob("windowSeconds", `at least the chain's ${minWindowSeconds} seconds`, windowSeconds);
}
