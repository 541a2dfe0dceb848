import { createKeccak } from "hash-wasm";
import type { Hex } from "viem";
import { INIT } from "../../common/graph-encoding.ts";
import { fromBits } from "./float32.ts";
import { philox } from "./philox.ts";

const keccak = await createKeccak(256);

/** How a float32 state tensor starts (P4.7); `scaleBits`: of the value itself, of the largest distance from 0, of the deviation. */
export type InitRule = { readonly init: Exclude<(typeof INIT)[keyof typeof INIT], 0>; readonly scaleBits: number };

/** Where masks have the step (P4.6), which is below it. */
const BEFORE_ALL_STEPS = 2n ** 32n;

/**
 * Elements `first`, first + 1, … of state tensor `state`: exact integers and one rounding (P4.7).
 * contracts/libraries/numeric/StartDraw.sol does the same for one.
 */
export function drawStart(target: Float32Array, seed: Hex, state: number, rule: InitRule, first = 0): void {
  const scale = fromBits(rule.scaleBits);
  if (rule.init === INIT.fill || !Number.isFinite(scale)) {
    new Uint32Array(target.buffer, target.byteOffset, target.length).fill(rule.scaleBits); // a NaN stays the same NaN
    return;
  }
  const word = wordsOf(seed, state);
  const [count, unit] = rule.init === INIT.uniform ? [1, 2 ** -24] : [12, 2 ** -25];
  for (let i = 0; i < target.length; i++) {
    let sum = 0;
    // Σ (2·⌊w/2⁸⌋ + 1 − 2²⁴): |sum| < 12·2²⁴, so that sum · scale is exact in 53 bits
    for (let k = 0; k < count; k++) sum += 2 * (word((first + i) * count + k) >>> 8) + 1 - 2 ** 24;
    target[i] = sum * scale * unit;
  }
}

/** |Σ| < 12·2²⁴ units of 2⁻²⁵: a normal draw is less than six deviations from 0, a uniform one less than its scale. */
export function isFiniteUnderAnySeed({ init, scaleBits }: InitRule): boolean {
  return Number.isFinite(Math.fround((init === INIT.normal ? 6 : 1) * fromBits(scaleBits)));
}

/** The random words of one state tensor. */
function wordsOf(seed: Hex, state: number): (index: number) => number {
  const preimage = new Uint8Array(96);
  preimage.set(Buffer.from(seed.slice(2), "hex"));
  const view = new DataView(preimage.buffer);
  view.setBigUint64(56, BEFORE_ALL_STEPS);
  view.setBigUint64(88, BigInt(state));
  const stream = keccak.init().update(preimage).digest("binary");
  const head = new DataView(stream.buffer, stream.byteOffset);
  const [key0, key1] = [head.getUint32(0), head.getUint32(4)];
  const words = new Uint32Array(4);
  let drawn = -1;
  return (index) => {
    const block = Math.floor(index / 4);
    if (block !== drawn) {
      words[0] = block;
      words[1] = block / 2 ** 32;
      words[2] = head.getUint32(8);
      words[3] = head.getUint32(12);
      philox(words, key0, key1);
      drawn = block;
    }
    return words[index % 4]!;
  };
}
