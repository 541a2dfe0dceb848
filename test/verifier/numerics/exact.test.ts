import { describe, expect, test } from "vitest";
import {
  type Enclosure,
  erfExact,
  expExact,
  logExact,
  sigmoidExact,
  tanhExact,
} from "../../../verifier/numerics/exact.ts";
import { fromBits } from "../../../verifier/numerics/float32.ts";
import { randomBits } from "./random.ts";

// An independent reference: 400-bit fixed point, plain series, no range reduction tables.
const BITS = 400n;
const ONE = 1n << BITS;

function toWide(x: number): bigint {
  // A binary32 value times 2^149 is an integer, and doubles hold it exactly.
  return (BigInt(Math.trunc(x * 2 ** 100 * 2 ** 49)) << BITS) >> 149n;
}
function wideExp(x: bigint): bigint {
  const halvings = 12n;
  let sum = 0n;
  let term = ONE;
  for (let n = 1n; term !== 0n && n < 400n; n++) {
    sum += term;
    term = (term * x) / n / ONE / (1n << halvings);
  }
  for (let i = 0n; i < halvings; i++) sum = (sum * sum) >> BITS;
  return sum;
}
function wideLog(x: bigint): bigint {
  // Newton from a double: y ← y + 2(x − e^y)/(x + e^y), cubic.
  let y = BigInt(Math.round(Math.log(Number(x >> (BITS - 200n)) / 2 ** 200) * 2 ** 40)) << (BITS - 40n);
  for (let i = 0; i < 4; i++) {
    const e = wideExp(y);
    y += (2n * (x - e) * ONE) / (x + e);
  }
  return y;
}
function wideErf(x: bigint): bigint {
  let term = x;
  let sum = 0n;
  for (let n = 0n; term !== 0n; n++) {
    sum += term / (2n * n + 1n);
    term = (-(term * x * x) / (n + 1n)) >> (2n * BITS);
  }
  return (2n * sum * ONE) / wideSqrtPi;
}
const atanInverse = (n: bigint) => {
  let term = ONE / n;
  let sum = 0n;
  for (let i = 1n; term !== 0n; i += 2n) {
    sum += i % 4n === 1n ? term / i : -(term / i);
    term /= n * n;
  }
  return sum;
};
const pi = 4n * (4n * atanInverse(5n) - atanInverse(239n));
const wideSqrtPi = squareRoot(pi << BITS);
function squareRoot(value: bigint): bigint {
  let x = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const y = (x + value / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

/** Distance of the enclosure's centre from the reference, over its stated radius. */
function useOfRadius({ value, radius, exponent }: Enclosure, reference: bigint): number {
  const shift = BITS + BigInt(exponent);
  const centre = shift >= 0n ? value << shift : value >> -shift;
  const allowed = shift >= 0n ? radius << shift : (radius >> -shift) + 1n;
  const distance = centre > reference ? centre - reference : reference - centre;
  return Number((distance * 10000n) / allowed) / 10000;
}

function inputs(fieldFrom: number, fieldTo: number, count: number, seed: number): number[] {
  const next = randomBits(seed);
  return Array.from({ length: count }, () => {
    const bits = next();
    const field = fieldFrom + ((bits >>> 23) % (fieldTo - fieldFrom + 1));
    return fromBits(((bits & 0x807fffff) | (field << 23)) >>> 0);
  });
}

describe("fixed-point enclosures hold the exact value", () => {
  const cases: [string, (x: number) => Enclosure, (x: bigint) => bigint, number[]][] = [
    [
      "exp",
      expExact,
      wideExp,
      [...inputs(0, 132, 200, 1), ...inputs(120, 132, 300, 2), 0, 127.9, -127.9, 88.7, -103.9].map(Math.fround),
    ],
    [
      "log",
      logExact,
      wideLog,
      [
        ...inputs(67, 187, 150, 3).map(Math.abs),
        1,
        fromBits(0x3f800001),
        fromBits(0x3f7fffff),
        Math.SQRT2,
        Math.SQRT1_2,
      ].map(Math.fround),
    ],
    [
      "tanh",
      tanhExact,
      (x) => {
        const e = wideExp(2n * x);
        return ((e - ONE) * ONE) / (e + ONE);
      },
      [...inputs(100, 132, 300, 4), 0, 31.9, 32, 33, -40].map(Math.fround),
    ],
    [
      "sigmoid",
      sigmoidExact,
      (x) => {
        const e = wideExp(x);
        return (e * ONE) / (e + ONE);
      },
      [...inputs(100, 132, 300, 5), 0, 63.9, 64, 65, -70].map(Math.fround),
    ],
    ["erf", erfExact, wideErf, [...inputs(60, 129, 150, 6), 0, 0.921875, 3.925, 5.99, 6, 6.01, -7].map(Math.fround)],
  ];
  for (const [name, exact, reference, values] of cases) {
    test(name, () => {
      let worst = 0;
      for (const x of values) worst = Math.max(worst, useOfRadius(exact(x), reference(toWide(x))));
      expect(worst).toBeLessThan(1);
    });
  }
  test("log of 1 is exactly 0, and powers of two are multiples of ln 2", () => {
    expect(logExact(1).value).toBe(0n);
    expect(logExact(2 ** -149).value).toBe(-149n * logExact(2).value);
  });
});
