import type { GptSpec } from "../../verifier/model/gpt.ts";

/** A transformer of every part, small enough for the reference. */
export const smallGpt = (changes: Partial<GptSpec> = {}): GptSpec => ({
  vocabulary: 20,
  positions: 6,
  layers: 2,
  heads: 2,
  dim: 8,
  hidden: 12,
  activation: "gelu",
  norm: "layer",
  positionCode: "learned",
  tied: false,
  seed: 1,
  batchRows: 3,
  evaluateBatchRows: 2,
  optimizer: {
    kind: "adamw",
    learningRate: 0.01,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    weightDecay: 0.1,
    clipNorm: 0.5,
    schedule: { kind: "cosine", warmupSteps: 3, totalSteps: 20, floor: 0.1 },
  },
  ...changes,
});
