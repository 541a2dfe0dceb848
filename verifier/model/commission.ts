import { hexToBytes } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { checkWindow, encodeJob, type Job, PROFILE, trainId } from "../../common/job.ts";
import { NO_PROPERTY, type Property } from "../../common/property.ts";
import { modelTask } from "../../common/task.ts";
import type { TrainStep } from "../autodiff/train-step.ts";
import { type Graph, ZERO_SOURCE } from "../graph/graph.ts";
import { byteSizeOf } from "../tensor/tensor.ts";
import { type Dataset, datasetBytes, datasetRoot } from "../trace/dataset.ts";
import { stateTypes } from "../trace/inputs.ts";
import { encodeGraph } from "./encoding.ts";
import {
  type BuiltJob,
  buildJob,
  flagsOf,
  type JobSpec,
  rowsOf,
  SHORTEST_ANSWER_SECONDS,
  segmentStepsFor,
} from "./job.ts";
import { graphRef } from "./root.ts";
import { graphUpload, type Upload } from "./uploads.ts";

/** Weights as their requester asks for them (P13). */
export interface CommissionSpec extends Omit<JobSpec, "graphs" | "dataset" | "steps" | "profile"> {
  readonly infer: Graph;
  /** Counts right answers; its state is the model's, in this order, and the counter. */
  readonly evaluate: Graph;
  /** How weights may be come by, which binds nobody; null: the requester does not say. */
  readonly recipe: { readonly train: TrainStep; readonly dataset: Dataset; readonly steps: number } | null;
  /** Rows that nobody who delivers has seen. Whoever has them can train on them: see P13.8. */
  readonly heldOut: Dataset;
  readonly property: Pick<Property, "samples" | "minCorrect" | "priceWei"> &
    Partial<Pick<Property, "deliverer" | "validator" | "validatorCodeHash">>;
}

/** The job that asks for such weights. The held-out rows are not among its uploads: when they are shown is the requester's choice. */
export function buildCommission(spec: CommissionSpec): BuiltJob {
  const { infer, evaluate, recipe, heldOut } = spec;
  const job: Job = {
    ...(recipe === null ? withoutRecipe(spec) : withRecipe(spec, recipe).job),
    segmentSteps: Math.min(
      ...[recipe?.train.graph, evaluate].flatMap((graph) => (graph ? segmentSteps(graph, spec) : [])),
    ),
    profile: PROFILE.property,
    property: {
      ...NO_PROPERTY,
      ...spec.property,
      heldOutRoot: datasetRoot(heldOut),
      heldOutRows: BigInt(heldOut.rows),
      heldOutBytes: BigInt(datasetBytes(heldOut)),
    },
  };
  modelTask(job); // throws for what L1 would refuse
  checkWindow(job, spec.minWindowSeconds ?? 0);
  const modelId = trainId(job);
  const own: Upload = { kind: "job", root: modelId, bytes: hexToBytes(encodeJob(job)) };
  const uploads =
    recipe === null
      ? [infer, evaluate].map(graphUpload)
      : withRecipe(spec, recipe).uploads.filter(({ kind }) => kind !== "job");
  return { job, modelId, uploads: [own, ...uploads] };
}

const segmentSteps = (graph: Graph, { answerSeconds = SHORTEST_ANSWER_SECONDS }: CommissionSpec): number =>
  segmentStepsFor(graphRef(encodeGraph(graph)), answerSeconds);

const withRecipe = (spec: CommissionSpec, { train, dataset, steps }: NonNullable<CommissionSpec["recipe"]>): BuiltJob =>
  buildJob({
    ...spec,
    graphs: { train, infer: spec.infer, evaluate: spec.evaluate },
    dataset,
    steps,
    profile: "strict",
  });

function withoutRecipe(spec: CommissionSpec): Omit<Job, "segmentSteps" | "profile" | "property"> {
  const { infer, evaluate } = spec;
  const weights = stateTypes(evaluate).filter((_, i) => evaluate.stateInputs[i]!.source !== ZERO_SOURCE);
  return {
    chainId: spec.l2ChainId,
    requester: spec.requester,
    salt: spec.salt,
    trainGraph: { root: ZERO_HASH, flops: 0n, bytes_: 0n },
    inferGraph: graphRef(encodeGraph(infer)),
    evaluateGraph: graphRef(encodeGraph(evaluate)),
    datasetRoot: ZERO_HASH,
    datasetRows: 0n,
    datasetBytes: 0n,
    startRoot: ZERO_HASH,
    stateBytes: BigInt(weights.reduce((sum, type) => sum + byteSizeOf(type), 0)),
    steps: 0,
    batchRows: 0,
    evaluateBatchRows: rowsOf(evaluate),
    flags: flagsOf(spec.flags),
    priceWeiPerGflop: spec.priceWeiPerGflop,
    deadline: spec.deadline,
    windowSeconds: spec.windowSeconds,
  };
}
