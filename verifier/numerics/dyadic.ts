// Exact numbers m·2^e. Every finite binary32 value, and every sum and product of them, is one.
import { bitsOf, fromBits, INFINITY_BITS } from "./float32.ts";

export interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

export const ZERO: Dyadic = { mantissa: 0n, exponent: 0 };

/** sign·m·2^e with m < 2^24 and e in [-149, 104]; throws on infinities and NaN. */
export function fromFloat32(value: number): Dyadic {
  const bits = bitsOf(value);
  const field = (bits >>> 23) & 0xff;
  if (field === 0xff) throw new RangeError(`a finite binary32 value expected, got ${value}`);
  const magnitude = field === 0 ? bits & 0x7fffff : (bits & 0x7fffff) | 0x800000;
  return { mantissa: BigInt(bits >>> 31 ? -magnitude : magnitude), exponent: Math.max(field, 1) - 150 };
}

export function add(x: Dyadic, y: Dyadic): Dyadic {
  const exponent = Math.min(x.exponent, y.exponent);
  return { mantissa: atExponent(x, exponent) + atExponent(y, exponent), exponent };
}

export function subtract(x: Dyadic, y: Dyadic): Dyadic {
  return add(x, negate(y));
}

export function multiply(x: Dyadic, y: Dyadic): Dyadic {
  return { mantissa: x.mantissa * y.mantissa, exponent: x.exponent + y.exponent };
}

export function scale(x: Dyadic, factor: bigint): Dyadic {
  return { mantissa: x.mantissa * factor, exponent: x.exponent };
}

export function negate(x: Dyadic): Dyadic {
  return { mantissa: -x.mantissa, exponent: x.exponent };
}

export function abs(x: Dyadic): Dyadic {
  return x.mantissa < 0n ? negate(x) : x;
}

/** Negative, zero or positive as x < y, x = y, x > y. */
export function compare(x: Dyadic, y: Dyadic): number {
  const difference = subtract(x, y).mantissa;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The mantissa over a smaller or equal exponent. */
export function atExponent(x: Dyadic, exponent: number): bigint {
  return x.mantissa << BigInt(x.exponent - exponent);
}

/** The nearest binary32 value, ties to even, of x/denominator. Overflow gives infinity; an exact zero gives +0. */
export function roundToFloat32(x: Dyadic, denominator = 1n): number {
  return round(x, denominator, (floor, remainder, divisor) => {
    const twice = 2n * remainder;
    return twice > divisor || (twice === divisor && (floor & 1n) === 1n);
  });
}

/** The least binary32 value ≥ x/denominator. */
export function roundUpToFloat32(x: Dyadic, denominator = 1n): number {
  return x.mantissa < 0n ? -roundTowardsZero(negate(x), denominator) : roundAwayFromZero(x, denominator);
}

/** The greatest binary32 value ≤ x/denominator. */
export function roundDownToFloat32(x: Dyadic, denominator = 1n): number {
  return x.mantissa < 0n ? -roundAwayFromZero(negate(x), denominator) : roundTowardsZero(x, denominator);
}

function roundTowardsZero(x: Dyadic, denominator: bigint): number {
  return round(x, denominator, () => false);
}

function roundAwayFromZero(x: Dyadic, denominator: bigint): number {
  return round(x, denominator, (_, remainder) => remainder !== 0n);
}

type Increments = (floor: bigint, remainder: bigint, divisor: bigint) => boolean;

function round(x: Dyadic, denominator: bigint, increments: Increments): number {
  const negative = x.mantissa < 0n;
  const magnitude = negative ? -x.mantissa : x.mantissa;
  if (magnitude === 0n) return 0;
  // The quotient is below 2^(top+1) and not below 2^(top−1), so a quantum of 2^(top−24) keeps 24 or 25 of its bits.
  const top = bitLength(magnitude) - bitLength(denominator) + x.exponent;
  let quantum = Math.max(top - 24, -149);
  let [floor, remainder, divisor] = divide(magnitude, x.exponent - quantum, denominator);
  if (floor >= 1n << 24n) {
    quantum += 1;
    [floor, remainder, divisor] = divide(magnitude, x.exponent - quantum, denominator);
  }
  if (increments(floor, remainder, divisor)) floor += 1n;
  // Encoded so that a carry out of the mantissa raises the exponent, up to infinity.
  const exponentBits = BigInt(quantum + 149) << 23n;
  const bits = exponentBits + floor;
  const capped = bits < BigInt(INFINITY_BITS) ? Number(bits) : INFINITY_BITS;
  return fromBits(((negative ? 0x80000000 : 0) | capped) >>> 0);
}

function divide(magnitude: bigint, shift: number, denominator: bigint): [bigint, bigint, bigint] {
  const numerator = shift > 0 ? magnitude << BigInt(shift) : magnitude;
  const divisor = shift < 0 ? denominator << BigInt(-shift) : denominator;
  return [numerator / divisor, numerator % divisor, divisor];
}

function bitLength(value: bigint): number {
  return value.toString(16).length * 4 - Math.clz32(Number.parseInt(value.toString(16)[0]!, 16)) + 28;
}
