// Seeded data for numeric tests: the kinds of operands on which an error bound or a replay is most likely to be wrong.
import { fromBits } from "../../../verifier/numerics/float32.ts";

/** 32 random bits per call (xorshift32). */
export function randomBits(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

export const OPERAND_KINDS = [
  "constant",
  "one-sign",
  "cancelling",
  "denormal",
  "near-max",
  "gaussian",
  "any-bits",
] as const;
export type OperandKind = (typeof OPERAND_KINDS)[number];

export function operands(kind: OperandKind, length: number, seed: number): Float32Array {
  const next = randomBits(seed * 7919 + 17);
  const uniform = () => (next() + 0.5) / 2 ** 32;
  const constant = uniform() + 0.5;
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    switch (kind) {
      case "constant":
        values[i] = constant;
        break;
      case "one-sign":
        values[i] = uniform();
        break;
      case "cancelling":
        values[i] = i % 2 === 0 ? uniform() * 2 ** ((i >> 1) % 24) : -values[i - 1]!;
        break;
      case "denormal":
        values[i] = fromBits((next() & 0x80ffffff) >>> 0);
        break;
      case "near-max":
        values[i] = fromBits(((next() & 0x807fffff) | 0x5e000000) >>> 0); // 2^61 … 2^62: sums of 4096 products stay finite
        break;
      case "gaussian": {
        let sum = -6;
        for (let j = 0; j < 12; j++) sum += uniform();
        values[i] = sum;
        break;
      }
      case "any-bits": {
        const bits = next();
        values[i] = fromBits(((bits >>> 23) & 0xff) === 0xff ? (bits & 0xbfffffff) >>> 0 : bits);
        break;
      }
    }
  }
  return values;
}
