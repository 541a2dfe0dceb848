import type { CnnSpec } from "../../verifier/model/cnn.ts";

/** A convolutional network of every part, small enough for the reference. */
export const smallCnn = (changes: Partial<CnnSpec> = {}): CnnSpec => ({
  image: { channels: 1, height: 9, width: 8 },
  blocks: [
    { filters: 3, kernel: 3, pool: 2, residual: false },
    { filters: 3, kernel: 3, pool: 1, residual: true },
  ],
  batchNorm: true,
  dense: [6, 10],
  seed: 1,
  batchRows: 4,
  evaluateBatchRows: 10,
  optimizer: { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  ...changes,
});
