import type { Address } from "viem";
import type { ProfileName } from "../../common/job.ts";
import { digitsMlp } from "../../examples/networks.ts";
import { type BuiltJob, buildJob } from "../../verifier/model/job.ts";
import type { ModelGraphs } from "../../verifier/model/mlp.ts";
import type { Dataset } from "../../verifier/trace/dataset.ts";

/** One of the demo's three trainings of a 784-128-10 network. */
export interface TrainingPlan {
  readonly name: "A" | "B" | "C";
  readonly profile: ProfileName;
  readonly stepRoots: boolean;
  readonly soft: boolean;
  readonly steps: number;
  readonly batchRows: number;
}

export interface PlannedTraining extends BuiltJob {
  readonly plan: TrainingPlan;
  readonly graphs: ModelGraphs;
}

const PRICE_WEI_PER_GFLOP = 10n ** 12n;

/** Batch 100 in C: there one thread and two give different bits (at 128 they would be equal), and neither is wrong. */
export const trainingPlans = (profileOfB: ProfileName): readonly TrainingPlan[] => [
  { name: "A", profile: "strict", stepRoots: false, soft: false, steps: 704, batchRows: 128 },
  { name: "B", profile: profileOfB, stepRoots: true, soft: true, steps: 192, batchRows: 128 },
  { name: "C", profile: "tolerant", stepRoots: true, soft: false, steps: 128, batchRows: 100 },
];

/** The devnet's shortest, but for a soft result: the challenger comes when that has been used, and needs time. */
const windowSeconds = ({ soft }: TrainingPlan): number => (soft ? 90 : 60);

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
  digitsMlp({ seed: randomSeed, batchRows: plan.batchRows });

export function planTraining(plan: TrainingPlan, context: JobContext): PlannedTraining {
  const graphs = graphsOf(plan, context.randomSeed);
  const built = buildJob({
    l2ChainId: context.l2ChainId,
    requester: context.requester,
    salt: `0x${plan.name.charCodeAt(0).toString(16).padStart(64, "0")}`,
    graphs,
    dataset: context.dataset,
    steps: plan.steps,
    profile: plan.profile,
    flags: [...(plan.stepRoots ? (["stepRoots"] as const) : []), ...(plan.soft ? (["soft"] as const) : [])],
    priceWeiPerGflop: PRICE_WEI_PER_GFLOP,
    deadline: context.deadline,
    windowSeconds: windowSeconds(plan),
  });
  return { plan, graphs, ...built };
}
