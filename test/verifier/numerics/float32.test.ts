import { describe, expect, test } from "vitest";
import * as dyadic from "../../../verifier/numerics/dyadic.ts";
import {
  bitsOf,
  FLOAT32_MAX,
  FLOAT32_MIN_DENORMAL,
  fromBits,
  isDenormal,
  isFiniteFloat32,
  nextAwayFromZero,
  nextDown,
  nextUp,
  powerOfTwo,
  ulp,
} from "../../../verifier/numerics/float32.ts";
import { fma } from "../../../verifier/numerics/fma.ts";
import { operands, randomBits } from "./random.ts";

const edgeBits = [0, 1, 2, 0x7fffff, 0x800000, 0x800001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x7f7ffffe, 0x7f7fffff];
const edges = edgeBits.flatMap((bits) => [fromBits(bits), fromBits((bits | 0x80000000) >>> 0)]);

describe("neighbours", () => {
  test("of infinity's neighbour do not pass infinity", () => {
    expect(nextAwayFromZero(FLOAT32_MAX, 5)).toBe(Infinity);
    expect(nextUp(FLOAT32_MAX)).toBe(Infinity);
    expect(nextDown(-FLOAT32_MAX)).toBe(-Infinity);
  });
  test("of zero are the smallest denormals", () => {
    expect(nextUp(-0)).toBe(FLOAT32_MIN_DENORMAL);
    expect(nextDown(0)).toBe(-FLOAT32_MIN_DENORMAL);
    expect(nextAwayFromZero(0, 3)).toBe(3 * FLOAT32_MIN_DENORMAL);
    expect(nextAwayFromZero(-0)).toBe(-FLOAT32_MIN_DENORMAL);
  });
  test("are one ulp apart and invert each other", () => {
    for (const x of edges.filter((value) => value !== 0 && Math.abs(value) < FLOAT32_MAX)) {
      expect(Math.abs(nextAwayFromZero(x) - x)).toBe(ulp(x));
      expect(nextDown(nextUp(x))).toBe(x);
    }
  });
  test("denormals end at 2^-126", () => {
    expect([1, 0x7fffff, 0x80000001].map((bits) => isDenormal(fromBits(bits)))).toEqual([true, true, true]);
    expect([0, 0x80000000, 0x800000].map((bits) => isDenormal(fromBits(bits)))).toEqual([false, false, false]);
  });
  test("only binary32 values count as such", () => {
    expect([0.1, Infinity, NaN, Math.fround(0.1)].map(isFiniteFloat32)).toEqual([false, false, false, true]);
  });
});

describe("dyadic", () => {
  test("refuses infinities and NaN", () => {
    for (const bits of [0x7f800000, 0xff800000, 0x7fc00000])
      expect(() => dyadic.fromFloat32(fromBits(bits))).toThrow(RangeError);
  });
  test("binary32 round trip", () => {
    for (const x of edges) expect(dyadic.roundToFloat32(dyadic.fromFloat32(x))).toBe(x === 0 ? 0 : x);
  });
  test("rounds like the hardware: sums, products, quotients", () => {
    const a = operands("any-bits", 20_000, 1);
    const b = operands("any-bits", 20_000, 2);
    for (let i = 0; i < a.length; i++) {
      const x = dyadic.fromFloat32(a[i]!);
      const y = dyadic.fromFloat32(b[i]!);
      expect(dyadic.roundToFloat32(dyadic.multiply(x, y)) + 0).toBe(Math.fround(a[i]! * b[i]!) + 0);
      expect(dyadic.roundToFloat32(dyadic.add(x, y)) + 0).toBe(Math.fround(a[i]! + b[i]!) + 0);
      if (y.mantissa === 0n) continue;
      const sign = y.mantissa < 0n ? -1n : 1n;
      const quotient = { mantissa: x.mantissa * sign, exponent: x.exponent - y.exponent };
      expect(dyadic.roundToFloat32(quotient, y.mantissa * sign) + 0).toBe(Math.fround(a[i]! / b[i]!) + 0);
    }
  });
  test("directed rounding encloses", () => {
    const third = { mantissa: 1n, exponent: 0 };
    expect(dyadic.roundDownToFloat32(third, 3n)).toBe(nextDown(Math.fround(1 / 3)));
    expect(dyadic.roundUpToFloat32(third, 3n)).toBe(Math.fround(1 / 3));
    expect(dyadic.roundUpToFloat32(dyadic.negate(third), 3n)).toBe(-nextDown(Math.fround(1 / 3)));
    expect(dyadic.roundUpToFloat32({ mantissa: 1n, exponent: -300 })).toBe(FLOAT32_MIN_DENORMAL);
    expect(dyadic.roundDownToFloat32({ mantissa: 1n, exponent: -300 })).toBe(0);
    expect(dyadic.roundUpToFloat32({ mantissa: 1n, exponent: 128 })).toBe(Infinity);
    for (const x of edges) {
      expect(dyadic.roundUpToFloat32(dyadic.fromFloat32(x)) + 0).toBe(x + 0);
      expect(dyadic.roundDownToFloat32(dyadic.fromFloat32(x)) + 0).toBe(x + 0);
    }
  });
  test("ties go to even", () => {
    expect(dyadic.roundToFloat32({ mantissa: (1n << 24n) + 1n, exponent: 0 })).toBe(2 ** 24);
    expect(dyadic.roundToFloat32({ mantissa: (1n << 24n) + 3n, exponent: 0 })).toBe(2 ** 24 + 4);
    expect(dyadic.roundToFloat32({ mantissa: 1n, exponent: -150 })).toBe(0);
    expect(dyadic.roundToFloat32({ mantissa: 3n, exponent: -150 })).toBe(2 * FLOAT32_MIN_DENORMAL);
    expect(dyadic.roundToFloat32({ mantissa: (1n << 25n) - 1n, exponent: 103 })).toBe(Infinity);
  });
});

describe("fma", () => {
  const exact = (a: number, b: number, c: number) =>
    dyadic.roundToFloat32(
      dyadic.add(dyadic.multiply(dyadic.fromFloat32(a), dyadic.fromFloat32(b)), dyadic.fromFloat32(c)),
    );

  test("equals exact arithmetic on every triple of edge values", () => {
    for (const a of edges)
      for (const b of edges) for (const c of edges) expect(fma(a, b, c) + 0).toBe(exact(a, b, c) + 0);
  });
  test("equals exact arithmetic on random bits, and where the sum nearly cancels or ties", () => {
    const a = operands("any-bits", 20_000, 3);
    const b = operands("any-bits", 20_000, 4);
    const bits = randomBits(5);
    for (let i = 0; i < a.length; i++) {
      const product = Math.fround(a[i]! * b[i]!);
      const near = Number.isFinite(product) ? -product : a[i]!;
      const tie = fromBits((bits() & 0x007fffff) | 0x3f800000) * powerOfTwo((bits() % 52) - 26);
      for (const [x, y, c] of [
        [a[i]!, b[i]!, operandsAt(b, i + 1)],
        [a[i]!, b[i]!, near],
        [Math.fround(tie), 1 + 2 ** -23, operandsAt(b, i) > 0 ? 2 ** -24 : -(2 ** -25)],
      ] as const) {
        expect(fma(x, y, c) + 0).toBe(exact(x, y, c) + 0);
      }
    }
  });
  test("is rounded once where doubles would round twice", () => {
    const a = fromBits(0x3f800001);
    const c = -(2 ** -60);
    const b = fromBits(0x3f800000 + (1 << 22)); // a·b = 1.5 + 1.5·2^-23: a tie, broken by c
    expect(Math.fround(a * b + c)).not.toBe(fma(a, b, c));
    expect(fma(a, b, c)).toBe(exact(a, b, c));
  });
  test("overflows to infinity", () => {
    expect(fma(FLOAT32_MAX, 2, 0)).toBe(Infinity);
    expect(bitsOf(fma(FLOAT32_MAX, -2, 1))).toBe(0xff800000);
  });
});

function operandsAt(values: Float32Array, i: number): number {
  return values[i % values.length]!;
}
