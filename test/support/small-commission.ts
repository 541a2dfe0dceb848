import { numberToHex } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import type { Job } from "../../common/job.ts";
import { commissionTask, type Task } from "../../common/task.ts";
import { buildCommission, type CommissionSpec } from "../../verifier/model/commission.ts";
import { type ModelGraphs, mlpGraphs } from "../../verifier/model/mlp.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import { type Dataset, datasetOf } from "../../verifier/trace/dataset.ts";
import { seededRandom } from "./random.ts";

export type SmallCommission = {
  readonly job: Job;
  /** As it is demanded: nothing is delivered yet. */
  readonly task: Task;
  readonly graphs: ModelGraphs;
  readonly dataset: Dataset;
  readonly heldOut: Dataset;
};

const INPUTS = 12;
const CLASSES = 4;

/** Rows whose label is the brightest of four groups of inputs: a rule that a small network learns. */
export function ruledRows(seed: number, rows: number): Dataset {
  const random = seededRandom(seed);
  const data = Uint8Array.from({ length: rows * INPUTS }, () => random.below(64));
  const labels = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    labels[row] = random.below(CLASSES);
    for (let i = 0; i < INPUTS / CLASSES; i++) data[row * INPUTS + labels[row]! * (INPUTS / CLASSES) + i]! += 160;
  }
  const x: Tensor = { dtype: "uint8", shape: [rows, INPUTS], data };
  return datasetOf([x, { dtype: "uint8", shape: [rows], data: labels }]);
}

/** Of 40 samples, four to a step, 30 must be right; the network that its recipe trains gets all of them right. */
export function smallCommission(
  salt: number,
  { recipe = true, ...change }: { recipe?: boolean } & Partial<Omit<CommissionSpec, "recipe">> = {},
): SmallCommission {
  const optimizer = { kind: "momentum", learningRate: 0.1, momentum: 0.9 } as const;
  const graphs = mlpGraphs({ sizes: [INPUTS, 8, CLASSES], batchRows: 8, evaluateBatchRows: 4, optimizer, seed: 1 });
  const [dataset, heldOut] = [ruledRows(7, 64), ruledRows(8, 50)];
  const { job } = buildCommission({
    l2ChainId: 42n,
    requester: "0x00000000000000000000000000000000000000aa",
    salt: numberToHex(salt, { size: 32 }),
    infer: graphs.infer,
    evaluate: graphs.evaluate,
    recipe: recipe ? { train: graphs.train, dataset, steps: 40 } : null,
    heldOut,
    flags: ["stepRoots"],
    priceWeiPerGflop: 1n,
    deadline: 2n ** 40n,
    windowSeconds: 60,
    ...change,
    property: { samples: 40, minCorrect: 30, priceWei: 10n ** 15n, ...change.property },
  });
  return {
    job: { ...job, segmentSteps: 4 },
    task: commissionTask({ ...job, segmentSteps: 4 }, ZERO_HASH),
    graphs,
    dataset,
    heldOut,
  };
}
