import type { Hex } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { trainTask } from "../../common/task.ts";
import type { Dataset } from "../../verifier/trace/dataset.ts";
import type { TaskInputs } from "../../verifier/trace/inputs.ts";
import { planTraining, trainingPlans } from "../demo/plans.ts";

const [strictPlan] = trainingPlans("strict");

/** What a bench's jobs and draws go by: nobody else sees them. */
export const BENCH_REQUESTER = "0x0000000000000000000000000000000000000001";
export const BENCH_SEED: Hex = `0x${"1".padStart(ZERO_HASH.length - 2, "0")}`;

/** The demo's job A (MNIST, 784-128-10, batch 128, SGD with momentum, `strict`, segments of 64 steps): what the benches train. */
export function digitsTraining(dataset: Dataset, steps: number, stepRoots: boolean): TaskInputs {
  const planned = planTraining(
    { ...strictPlan!, steps, stepRoots },
    {
      l2ChainId: 1n,
      requester: BENCH_REQUESTER,
      dataset,
      deadline: 0n,
      randomSeed: 1,
    },
  );
  const { graph, state } = planned.graphs.train;
  return {
    task: trainTask(planned.job),
    seed: BENCH_SEED,
    graph,
    dataset,
    start: state.map(({ start }) => start),
  };
}
