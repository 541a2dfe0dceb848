// The gpu column admits whatever a machine may do that keeps to its rules: sums in any order, fused or not, every denormal
// operand read as itself or zero, every denormal result kept or flushed; and nothing beyond its bound.
import { describe, expect, test } from "vitest";
import { exactDot } from "../../../verifier/numerics/exact-dot.ts";
import { FLOAT32_MAX, fromBits, isDenormal, nextDown, nextUp } from "../../../verifier/numerics/float32.ts";
import { fma } from "../../../verifier/numerics/fma.ts";
import {
  denormalTerms,
  gpuDot,
  gpuErf,
  gpuExp,
  gpuLog,
  gpuQuotient,
  gpuRoot,
  gpuRounded,
  gpuSigmoid,
  gpuTanh,
} from "../../../verifier/numerics/gpu.ts";
import { accepts, lieByTolerance, type Tolerance } from "../../../verifier/numerics/tolerance.ts";
import { gpuFirstGreatest, gpuGreatest } from "../../../verifier/ops/greatest.ts";
import { allReadings } from "../../../verifier/ops/readings.ts";
import { windowOf } from "../../support/legal-window.ts";
import { uniform } from "../../support/tensors.ts";
import { OPERAND_KINDS, operands } from "./random.ts";

const long = process.env.ANH_LONG === "1";

/** A machine that flips a coin wherever the column leaves a choice. */
function anyMachine(random: () => number) {
  const coin = () => random() < 0.5;
  const read = (x: number) => (isDenormal(x) && coin() ? 0 : x);
  const kept = (x: number) => (isDenormal(x) && coin() ? 0 : x);
  const add = (x: number, y: number) => kept(Math.fround(read(x) + read(y)));
  /** Chains of any lengths whose sums are added up as a tree of any form. */
  const sum = (length: number, a: (k: number) => number, b: (k: number) => number): number[] => {
    const parts: number[] = [];
    for (let k = 0; k < length; ) {
      const end = Math.min(length, k + 1 + Math.floor(random() * random() * length));
      let chain = 0;
      const isFused = coin();
      for (; k < end; k++) {
        const [x, y] = [read(a(k)), read(b(k))];
        chain = isFused ? kept(fma(x, y, read(chain))) : add(chain, kept(Math.fround(x * y)));
      }
      parts.push(chain);
    }
    return parts;
  };
  const tree = (parts: number[]): number => {
    while (parts.length > 1) {
      const [i, j] = [Math.floor(random() * parts.length), Math.floor(random() * (parts.length - 1))];
      const [x] = parts.splice(i, 1);
      parts[j] = add(x!, parts[j]!);
    }
    return parts[0] ?? 0;
  };
  return {
    dot: (length: number, a: (k: number) => number, b: (k: number) => number, bias: number) =>
      add(tree(sum(length, a, b)), bias),
  };
}

describe("sums by a machine that does whatever it may", () => {
  test.each(OPERAND_KINDS)("%s", (kind) => {
    const random = uniform(OPERAND_KINDS.indexOf(kind) + 1);
    const machine = anyMachine(random);
    for (const length of long ? [1, 2, 3, 7, 40, 300, 2048] : [1, 2, 7, 40, 300]) {
      for (let round = 0; round < (long ? 40 : 4); round++) {
        const a = operands(kind, length, 50 * round + length);
        const b = operands(round % 2 === 0 ? "gaussian" : kind, length, 50 * round + length + 25);
        if (round % 3 === 0) for (let k = 0; k < length; k += 2) a[k] = fromBits(Math.floor(random() * 2 ** 24));
        const bias = [0, 1e-40, 0.5, -1e-38][round % 4]!;
        const [x, w] = [(k: number) => a[k]!, (k: number) => b[k]!];
        const tolerance = gpuDot(
          exactDot(length, x, w, Math.fround(bias)),
          length,
          denormalTerms(length, x, w, Math.fround(bias)),
        );
        for (let run = 0; run < 10; run++) {
          const y = machine.dot(length, x, w, Math.fround(bias));
          if (Number.isFinite(y)) expect(accepts(tolerance, y), `${length} terms`).toBe(true);
        }
        if (tolerance !== undefined) expectEnds(tolerance);
      }
    }
  });
  test("of nothing is its bias, or zero where that is denormal", () => {
    const none = () => 0;
    const of = (bias: number) => gpuDot(exactDot(0, none, none, bias), 0, denormalTerms(0, none, none, bias));
    for (const [bias, y, right] of [
      [1.5, 1.5, true],
      [1.5, 1.500001, false],
      [2 ** -140, 0, true],
      [2 ** -140, 2 ** -138, false],
    ] as const)
      expect(accepts(of(bias), y)).toBe(right);
  });
});

/** Accepts up to both ends, and not the next value. */
function expectEnds(tolerance: Tolerance): void {
  const { low, high } = windowOf(tolerance);
  expect(accepts(tolerance, low)).toBe(true);
  expect(accepts(tolerance, high)).toBe(true);
  if (low > -FLOAT32_MAX) expect(accepts(tolerance, nextDown(low))).toBe(false);
  if (high < FLOAT32_MAX) expect(accepts(tolerance, nextUp(high))).toBe(false);
  for (const factor of [1.001, 2]) {
    const lie = lieByTolerance(tolerance, factor);
    if (lie !== undefined && Number.isFinite(lie)) expect(accepts(tolerance, lie)).toBe(false);
  }
}

test("the ends are where the formulas say", () => {
  const u = 2 ** -24;
  // x, tolerance, exact value, distance: all to a few parts in 10⁷.
  for (const [tolerance, value, distance] of [
    [gpuQuotient(7, 3), 7 / 3, (5 * u * 7) / 3],
    [gpuQuotient(-7, 3), -7 / 3, (5 * u * 7) / 3],
    [gpuQuotient(1, 2 ** 126), 2 ** -126, 2 ** -126],
    [gpuRoot(2), Math.SQRT2, 10 * u * Math.SQRT2],
    [gpuExp(1), Math.E, 10 * u * Math.E],
    [gpuExp(-20), Math.E ** -20, 86 * u * Math.E ** -20],
    [gpuLog(2), Math.LN2, 8 * u],
    [gpuLog(Math.fround(1e30)), 69.07755, 8 * u * 69.07755],
    [gpuTanh(0), 0, 8 * u],
    [gpuSigmoid(0), 0.5, 8 * u],
    [gpuErf(0), 0, 40 * u],
  ] as const) {
    const { low, high } = windowOf(tolerance!);
    const slack = distance / 100 + Math.abs(value) * 2 ** -22;
    expect(Math.abs(high - value - distance)).toBeLessThan(slack);
    expect(Math.abs(value - low - distance)).toBeLessThan(slack);
    expectEnds(tolerance!);
  }
});

test("the correctly rounded result and 2^-126: what is flushed, and nothing else", () => {
  for (const [result, y, right] of [
    [1, 1, true],
    [1, nextUp(1), false],
    [2 ** -130, 0, true],
    [0, 2 ** -126, true],
    [0, nextUp(2 ** -126), false],
    [2 ** -102, nextDown(2 ** -102), true],
    [2 ** -102, nextUp(2 ** -102), false],
    [Infinity, FLOAT32_MAX, false],
  ] as const)
    expect(accepts(gpuRounded(result), y), `${result} → ${y}`).toBe(right);
});

test("of a divisor out of [2^-126, 2^126] nothing is said but that 0 is none", () => {
  expect(gpuQuotient(1, 0)).toBeUndefined();
  expect(gpuQuotient(1, -0)).toBeUndefined();
  for (const b of [2 ** -127, nextUp(2 ** 126), -FLOAT32_MAX])
    for (const y of [0, 1, -FLOAT32_MAX, FLOAT32_MAX]) expect(accepts(gpuQuotient(3, b), y)).toBe(true);
  for (const b of [2 ** -126, 2 ** 126]) expect(accepts(gpuQuotient(3, b), 1)).toBe(false);
});

test("no finite result is right of log of 0 or less, the root of less, exp beyond the range", () => {
  for (const x of [0, -0, -1, -(2 ** -140)]) expect(gpuLog(x)).toBeUndefined();
  expect(gpuRoot(-1)).toBeUndefined();
  expect(gpuExp(128)).toBeUndefined();
  expect(accepts(gpuExp(89), FLOAT32_MAX)).toBe(false);
  expect(accepts(gpuExp(-FLOAT32_MAX), 2 ** -126)).toBe(true);
  expect(accepts(gpuExp(-FLOAT32_MAX), nextUp(2 ** -126))).toBe(false);
});

test("every denormal operand is read as itself or as zero, by itself", () => {
  expect(allReadings([1, 2])).toEqual([[1, 2]]);
  expect(allReadings([2 ** -130, 2, -(2 ** -149)])).toHaveLength(4);
  expect(allReadings([1n, 0])).toEqual([[1n, 0]]);
});

test("the greatest: a brute force over all readings gives the same", () => {
  const random = uniform(4);
  const pool = [0, 1e-45, 3e-39, -1e-45, -3e-39, 2 ** -126, -(2 ** -126), -1, 1].map(Math.fround);
  for (let round = 0; round < 300; round++) {
    const row = Array.from({ length: 1 + Math.floor(4 * random()) }, () => pool[Math.floor(random() * pool.length)]!);
    const ways = allReadings(row);
    const greatest = ways.map((way) => Math.max(...way));
    const values = new Set([...greatest, ...(greatest.some(isDenormal) ? [0] : [])].map((value) => value + 0));
    const accepted = gpuGreatest(row) as readonly Tolerance[];
    for (const y of [...pool, 2])
      expect(
        accepted.some((one) => accepts(one, y)),
        `${row}: ${y}`,
      ).toBe(values.has(y + 0));
    const first = new Set(ways.map((way) => BigInt(way.indexOf(Math.max(...way)))));
    expect(new Set(gpuFirstGreatest(row)), `${row}`).toEqual(first);
  }
});

test("a sum's denormal terms are the products with a denormal factor, and a denormal bias", () => {
  const a = [2 ** -140, 1, 2];
  const b = [3, 2 ** -149, 5];
  const terms = denormalTerms(
    3,
    (k) => a[k]!,
    (k) => b[k]!,
    2 ** -130,
  );
  expect(terms.mantissa).toBe((3n << 158n) + (1n << 149n) + (1n << 168n));
  expect(terms.exponent).toBe(-298);
});
