// The networks that examples train, benches measure and tests dispute.
import { type CnnBlock, type CnnSpec, cnnGraphs } from "../verifier/model/cnn.ts";
import type { GptSpec } from "../verifier/model/gpt.ts";
import { type MlpSpec, type ModelGraphs, mlpGraphs } from "../verifier/model/mlp.ts";

/** Divides MNIST's 10,000 test digits. */
const EVALUATE_ROWS = 500;

type Rows = { readonly seed: number; readonly batchRows: number };

export const digitsMlpSpec = ({ seed, batchRows }: Rows): MlpSpec => ({
  sizes: [784, 128, 10],
  seed,
  batchRows,
  evaluateBatchRows: EVALUATE_ROWS,
  optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
});

/** 784-128-10 over rows of `digitsDataset`; SGD with momentum. */
export const digitsMlp = (rows: Rows): ModelGraphs => mlpGraphs(digitsMlpSpec(rows));

export function digitsCnnSpec(steps: number): CnnSpec {
  const block = (filters: number): CnnBlock => ({ filters, kernel: 3, pool: 2, residual: false });
  return {
    image: { channels: 1, height: 28, width: 28 },
    blocks: [block(8), block(16)],
    batchNorm: false,
    dense: [10],
    seed: 1,
    batchRows: 64,
    evaluateBatchRows: EVALUATE_ROWS,
    optimizer: {
      kind: "momentum",
      learningRate: 0.05,
      momentum: 0.9,
      schedule: { kind: "cosine", warmupSteps: warmup(50, steps), totalSteps: steps, floor: 0.02 },
    },
  };
}

/** 28×28 → 8 and 16 filters of 3×3, each with a 2×2 max pool → 10; batch 64, momentum, a cosine over the training. */
export const digitsCnn = (steps: number): ModelGraphs => cnnGraphs(digitsCnnSpec(steps));

/** A character GPT of 4 layers, d = 128, 64 positions, batch 16; AdamW with clipping, a cosine over the training. */
export const characterGpt = (vocabulary: number, steps: number): GptSpec => ({
  vocabulary,
  positions: 64,
  layers: 4,
  heads: 4,
  dim: 128,
  hidden: 512,
  activation: "gelu-tanh",
  norm: "layer",
  positionCode: "learned",
  tied: false,
  seed: 1,
  batchRows: 16,
  evaluateBatchRows: 16,
  optimizer: {
    kind: "adamw",
    learningRate: 0.002,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    weightDecay: 0.05,
    clipNorm: 1,
    schedule: { kind: "cosine", warmupSteps: warmup(40, steps), totalSteps: steps, floor: 0.05 },
  },
});

const warmup = (usual: number, steps: number): number => Math.min(usual, Math.floor(steps / 10));
