import { encodeAbiParameters, keccak256, slice } from "viem";
import { describe, expect, test } from "vitest";
import { INIT } from "../../../common/graph-encoding.ts";
import { bitsOf, fromBits } from "../../../verifier/numerics/float32.ts";
import { philox } from "../../../verifier/numerics/philox.ts";
import { drawStart, type InitRule, isFiniteUnderAnySeed } from "../../../verifier/numerics/start-draw.ts";

const SEED = `0x${"5e".repeat(32)}` as const;
const drawn = (
  length: number,
  rule: InitRule,
  { state = 0, first = 0, seed = SEED as `0x${string}` } = {},
): Float32Array => {
  const data = new Float32Array(length);
  drawStart(data, seed, state, rule, first);
  return data;
};
const bits = (data: Float32Array): number[] => Array.from(new Uint32Array(data.buffer));
const uniform = (scale: number): InitRule => ({ init: INIT.uniform, scaleBits: bitsOf(scale) });
const normal = (scale: number): InitRule => ({ init: INIT.normal, scaleBits: bitsOf(scale) });

/** Word `index` of P4.7's stream. */
function word(state: number, index: number): number {
  const types = [{ type: "bytes32" }, { type: "uint256" }, { type: "uint256" }] as const;
  const stream = keccak256(encodeAbiParameters(types, [SEED, 2n ** 32n, BigInt(state)]));
  const at = (i: number) => Number(BigInt(slice(stream, 4 * i, 4 * i + 4)));
  const block = Uint32Array.of(Math.floor(index / 4), Math.floor(index / 2 ** 34), at(2), at(3));
  philox(block, at(0), at(1));
  return block[index % 4]!;
}

/** P4.7 in integers: |sum|·m·2^e rounded to the nearest, ties to even. */
function rounded(sum: bigint, scale: number, unit: number): number {
  const scaleBits = bitsOf(scale) & 0x7fffffff;
  const field = scaleBits >>> 23;
  const mantissa = BigInt((scaleBits & 0x7fffff) | (field === 0 ? 0 : 0x800000));
  let exponent = (field === 0 ? 1 : field) - 150 - unit;
  let m = (sum < 0n ? -sum : sum) * mantissa;
  while (m >= 2n ** 24n || exponent < -149) {
    // One bit at a time, what falls off kept beside it.
    const drop = Math.max(m.toString(2).length - 24, -149 - exponent);
    const half = 2n ** BigInt(drop - 1);
    const rest = m % (2n * half);
    m /= 2n * half;
    exponent += drop;
    if (rest > half || (rest === half && m % 2n === 1n)) m += 1n;
  }
  const magnitude = Number(m) * 2 ** exponent;
  return sum < 0n !== bitsOf(scale) > 0x7fffffff ? -magnitude : magnitude;
}

const centred = (w: number): bigint => 2n * BigInt(w >>> 8) + 1n - 2n ** 24n;

describe("a drawn element is what the rule says", () => {
  const scales = [1, 0.1, -0.25, 3e-42, 1.5e-45, 2 ** 120, 1 / 3, 2 ** -126, 0];
  test.each(scales)("uniform of %d", (scale) => {
    const data = drawn(9, uniform(scale), { state: 3 });
    for (const [e, x] of data.entries()) expect(x).toBe(rounded(centred(word(3, e)), scale, 24));
  });
  test.each(scales)("normal of %d", (scale) => {
    const data = drawn(7, normal(scale), { state: 70_000 });
    for (const [e, x] of data.entries()) {
      let sum = 0n;
      for (let k = 0; k < 12; k++) sum += centred(word(70_000, 12 * e + k));
      expect(x).toBe(rounded(sum, scale, 25));
    }
  });
  test("beyond the range it is infinite", () => {
    expect(Array.from(drawn(200, normal(3e38))).some((x) => Math.abs(x) === Number.POSITIVE_INFINITY)).toBe(true);
  });
  test.each([
    ["fill", { init: INIT.fill, scaleBits: 0x80000000 }],
    ["fill with a NaN", { init: INIT.fill, scaleBits: 0x7fa00001 }],
    ["uniform of an infinity", { init: INIT.uniform, scaleBits: 0xff800000 }],
    ["normal of a NaN", { init: INIT.normal, scaleBits: 0x7fc00001 }],
  ])("%s: the bits of the scale", (_, rule) => {
    expect(bits(drawn(5, rule))).toEqual(new Array(5).fill(rule.scaleBits));
  });
  test("in any slices", () => {
    for (const rule of [uniform(1), normal(1)]) {
      const whole = drawn(40, rule);
      for (const first of [0, 1, 3, 4, 13, 39]) expect(drawn(40 - first, rule, { first })).toEqual(whole.slice(first));
    }
    expect(drawn(0, normal(1))).toEqual(new Float32Array(0));
    // Words beyond the counter's lower half.
    const far = 2 ** 34 - 1;
    expect(Array.from(drawn(2, uniform(1), { first: far }))).toEqual(
      [far, far + 1].map((e) => rounded(centred(word(0, e)), 1, 24)),
    );
  });
  test("tensors and seeds draw others", () => {
    const other = `0x${"5f".repeat(32)}` as const;
    const draws = [drawn(8, uniform(1)), drawn(8, uniform(1), { state: 1 }), drawn(8, uniform(1), { seed: other })];
    expect(new Set(draws.map((data) => bits(data).join())).size).toBe(3);
  });
});

describe("100,000 elements", () => {
  const moments = (data: Float32Array) => {
    const moment = (power: number) => data.reduce((sum, x) => sum + x ** power, 0) / data.length;
    return { mean: moment(1), variance: moment(2), fourth: moment(4) };
  };
  // Deviations of a mean over n: √(variance/n); of the second moment √((fourth − second²)/n).
  test("uniform: mean 0, variance 1/3, fourth moment 1/5", () => {
    const { mean, variance, fourth } = moments(drawn(100_000, uniform(1)));
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / 3 / 1e5));
    expect(Math.abs(variance - 1 / 3)).toBeLessThan(4 * Math.sqrt((1 / 5 - 1 / 9) / 1e5));
    expect(fourth).toBeCloseTo(0.2, 2);
  });
  test("normal: mean 0, variance 1, fourth moment 2.9, none beyond 6", () => {
    const data = drawn(100_000, normal(1));
    const { mean, variance, fourth } = moments(data);
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / 1e5));
    // A sum of n uniforms: 3 − 6/(5n)
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(1.9 / 1e5));
    expect(fourth).toBeCloseTo(2.9, 1);
    expect(data.every((x) => Math.abs(x) < 6)).toBe(true);
    const beyond = (x: number) => data.filter((y) => Math.abs(y) > x).length / data.length;
    expect(beyond(1)).toBeCloseTo(0.32, 2);
    expect(beyond(2)).toBeCloseTo(0.046, 2);
  });
  test("no seed takes what is finite under any out of binary32", () => {
    const largest = fromBits(0x7f7fffff);
    for (const scale of [0, 1, 5.6e37, -5.6e37]) expect(isFiniteUnderAnySeed(normal(scale))).toBe(true);
    // Finite under seed 0 for thousands of elements, and not under most others.
    for (const scale of [5.7e37, 1.167e38, Number.NaN]) expect(isFiniteUnderAnySeed(normal(scale))).toBe(false);
    expect(isFiniteUnderAnySeed(uniform(largest))).toBe(true);
    expect(isFiniteUnderAnySeed({ init: INIT.fill, scaleBits: 0x7f800000 })).toBe(false);
  });
  test("the scale is a factor", () => {
    expect(drawn(50, normal(2 ** -7))).toEqual(drawn(50, normal(1)).map((x) => x * 2 ** -7));
    expect(fromBits(bitsOf(0.1))).toBe(Math.fround(0.1));
  });
});
