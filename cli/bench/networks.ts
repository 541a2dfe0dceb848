import { trainTask } from "../../common/task.ts";
import type { Optimizer } from "../../verifier/autodiff/optimizer.ts";
import { cnnGraphs } from "../../verifier/model/cnn.ts";
import { gptGraphs } from "../../verifier/model/gpt.ts";
import { buildJob } from "../../verifier/model/job.ts";
import type { ModelGraphs } from "../../verifier/model/mlp.ts";
import { uniformStart } from "../../verifier/model/start.ts";
import { type Dataset, datasetOf } from "../../verifier/trace/dataset.ts";
import type { TaskInputs } from "../../verifier/trace/inputs.ts";
import { BENCH_REQUESTER, BENCH_SEED } from "./digits.ts";

/** 28×28 → 8 and 16 filters of 3×3, each with a 2×2 max pool → 10; batch 64, momentum, cosine schedule. */
export const cnnTraining = (digits: Dataset, steps: number): TaskInputs => {
  const block = { kernel: 3, pool: 2, residual: false };
  const graphs = cnnGraphs({
    image: { channels: 1, height: 28, width: 28 },
    blocks: [
      { ...block, filters: 8 },
      { ...block, filters: 16 },
    ],
    batchNorm: false,
    dense: [10],
    seed: 1,
    batchRows: 64,
    evaluateBatchRows: 500,
    optimizer: {
      kind: "momentum",
      learningRate: 0.05,
      momentum: 0.9,
      schedule: { kind: "cosine", warmupSteps: 50, totalSteps: 3000, floor: 0.02 },
    },
  });
  return training(graphs, digits, steps);
};

const GPT = { vocabulary: 96, positions: 64, layers: 4, heads: 4, dim: 128, hidden: 512 };
const GPT_ROWS = 4096;

/** A character GPT of 4 layers, d = 128, 64 positions, batch 16; AdamW with clipping. What the characters are is no matter of time. */
export const gptTraining = (steps: number): TaskInputs => {
  const ids = (stream: number): Uint8Array =>
    Uint8Array.from(
      uniformStart(1, stream, GPT_ROWS * GPT.positions, 0.5),
      (value) => (value + 0.5) * (GPT.vocabulary - 1),
    );
  const tensor = (stream: number) => ({ dtype: "uint8", shape: [GPT_ROWS, GPT.positions], data: ids(stream) }) as const;
  const optimizer: Optimizer = {
    kind: "adamw",
    learningRate: 0.002,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    weightDecay: 0.05,
    clipNorm: 1,
  };
  const graphs = gptGraphs({
    ...GPT,
    activation: "gelu-tanh",
    norm: "layer",
    positionCode: "learned",
    tied: false,
    seed: 1,
    batchRows: 16,
    evaluateBatchRows: 16,
    optimizer,
  });
  return training(graphs, datasetOf([tensor(0), tensor(1)]), steps);
};

function training(graphs: ModelGraphs, dataset: Dataset, steps: number): TaskInputs {
  const { job } = buildJob({
    l2ChainId: 1n,
    requester: BENCH_REQUESTER,
    salt: BENCH_SEED,
    graphs,
    dataset,
    steps,
    profile: "strict",
    flags: [],
    priceWeiPerGflop: 0n,
    deadline: 0n,
    windowSeconds: 60,
  });
  const { graph, state } = graphs.train;
  return { task: trainTask(job), seed: BENCH_SEED, graph, dataset, start: state.map(({ start }) => start) };
}
