// What the tolerant profile accepts for one element, as exact integers, and the lies just inside and outside of it.
import {
  add,
  compare,
  type Dyadic,
  fromFloat32,
  roundDownToFloat32,
  roundUpToFloat32,
  scale,
  subtract,
} from "./dyadic.ts";
import { nextAwayFromZero, powerOfTwo } from "./float32.ts";

/** The exact value lies in [low, high]/denominator; a result may lie slack/denominator away from it. denominator > 0. */
export interface Tolerance {
  readonly low: Dyadic;
  readonly high: Dyadic;
  readonly slack: Dyadic;
  readonly denominator: bigint;
}

/** 2^-149, granted on top of every tolerance of the CPU column. */
export const UNDERFLOW: Dyadic = { mantissa: 1n, exponent: -149 };

/** low − slack ≤ y·denominator ≤ high + slack; never for an infinity or NaN, nor where no finite result is right. */
export function accepts(tolerance: Tolerance | undefined, y: number): boolean {
  if (tolerance === undefined || !Number.isFinite(y)) return false;
  const { low, high, slack, denominator } = tolerance;
  const scaled = scale(fromFloat32(y), denominator);
  return compare(scaled, subtract(low, slack)) >= 0 && compare(scaled, add(high, slack)) <= 0;
}

/**
 * The result `factor` tolerances above the exact value (below it, if that would overflow), rounded away from it if
 * factor > 1 and towards it if factor < 1. Without slack: one ulp off. Undefined: there is no such finite result.
 */
export function lieByTolerance(tolerance: Tolerance, factor: number): number | undefined {
  const { low, high, slack, denominator } = tolerance;
  if (slack.mantissa === 0n) return factor > 1 ? nextAwayFromZero(roundUpToFloat32(high, denominator)) : undefined;
  const distance = {
    mantissa: slack.mantissa * BigInt(Math.round(factor * FACTOR_UNIT)),
    exponent: slack.exponent - 32,
  };
  const outward = factor > 1;
  const above = outward
    ? roundUpToFloat32(add(high, distance), denominator)
    : roundDownToFloat32(add(low, distance), denominator);
  if (Number.isFinite(above)) return above;
  const below = outward
    ? roundDownToFloat32(subtract(low, distance), denominator)
    : roundUpToFloat32(subtract(high, distance), denominator);
  return Number.isFinite(below) ? below : undefined;
}

/** Factors are taken in steps of 2^-32. */
const FACTOR_UNIT = powerOfTwo(32);
