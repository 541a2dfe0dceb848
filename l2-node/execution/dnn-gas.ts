/** Gas of a call of the DNN precompile (P12.4), by function. */
export const DNN_GAS = {
  train: 100_000n,
  infer: 10_000n,
  evaluate: 10_000n,
  fund: 30_000n,
  ready: 2_600n,
  quote: 5_000n,
  withdrawCompute: 30_000n,
} as const;

/** `infer` hashes its input: SHA-256's price per word, and a word's share of the tree above. */
export const INPUT_WORD_GAS = 16n;

/** What an attempt that parks is charged beside the gas it used (P10). */
export const PARK_GAS = 50_000n;

export const MAX_INPUT_BYTES = 65_536;
