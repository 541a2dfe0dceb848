/** Gas of a call of the DNN precompile beside that of its call data (P12.4), by function. */
export const DNN_GAS = {
  train: 100_000n,
  commission: 100_000n,
  infer: 10_000n,
  evaluate: 10_000n,
  fund: 30_000n,
  ready: 2_600n,
  quote: 5_000n,
  withdrawCompute: 30_000n,
} as const;

/** What a call costs that is none of these: paid before call data are looked at, so no function costs less. */
export const LEAST_GAS = 2_600n;

/** Call data are decoded, and the input of `infer` in them hashed: SHA-256's price per word, and a share of the tree above. */
const CALL_WORD_GAS = 16n;
export const callDataGas = (callData: Uint8Array): bigint => CALL_WORD_GAS * BigInt(Math.ceil(callData.length / 32));

/** What an attempt that parks is charged beside the gas it used (P10). */
export const PARK_GAS = 50_000n;

export const MAX_INPUT_BYTES = 65_536;
