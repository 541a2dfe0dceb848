// Exact dot products and sums, and how far an honest runtime may be from them (docs/numerics.md).
// contracts/libraries/numeric/ExactDot.sol computes the same integers.
import type { Terms } from "./dot.ts";
import { abs, add, type Dyadic, fromFloat32, scale } from "./dyadic.ts";
import type { Tolerance } from "./tolerance.ts";

/** S = Σ a_k·b_k (+ bias) and A = Σ |a_k·b_k| (+ |bias|), exactly. `overflows`: see MAX_PRODUCT_EXPONENT. */
export interface ExactSum {
  readonly sum: Dyadic;
  readonly absolute: Dyadic;
  readonly overflows: boolean;
}

/** Products are integers below 2^48 times 2^e, e in [-298, 208]. */
const MIN_PRODUCT_EXPONENT = -298;

/**
 * A nonzero product with e > 83 has two normal factors, so it is at least 2^(84+46) = 2^130: it is infinite in binary32
 * and no finite result can be right. Nothing above that exponent is ever added up.
 */
const MAX_PRODUCT_EXPONENT = 83;

/** Reading an infinity or a NaN throws a RangeError: such an operand makes its claim invalid by itself. */
export function exactDot(length: number, a: Terms, b: Terms, bias = 0): ExactSum {
  const start = fromFloat32(bias);
  let positive = 0n;
  let negative = 0n;
  let overflows = false;
  for (let k = 0; k < length; k++) {
    const x = fromFloat32(a(k));
    const y = fromFloat32(b(k));
    const product = x.mantissa * y.mantissa;
    if (product === 0n) continue;
    const exponent = x.exponent + y.exponent;
    if (exponent > MAX_PRODUCT_EXPONENT) {
      overflows = true;
      continue;
    }
    const shift = BigInt(exponent - MIN_PRODUCT_EXPONENT);
    if (product > 0n) positive += product << shift;
    else negative -= product << shift;
  }
  return {
    sum: add({ mantissa: positive - negative, exponent: MIN_PRODUCT_EXPONENT }, start),
    absolute: add({ mantissa: positive + negative, exponent: MIN_PRODUCT_EXPONENT }, abs(start)),
    overflows,
  };
}

/** A sum is the dot product with ones. */
export function exactSum(length: number, terms: Terms): ExactSum {
  return exactDot(length, terms, () => 1);
}

/** Roundings of bias, scaling and mean, on top of the additions. */
export const EXTRA_ROUNDINGS = 3;

export interface DotBound {
  /** Number of products. */
  readonly length: number;
  /** Most additions on one path; `length` if the order is free. */
  readonly additions: number;
}

/** Most additions on one path of the CPU runtime's Gemm and MatMul, at any number of threads. */
export function gemmAdditions(length: number): number {
  return Math.min(length, 1024 + Math.ceil(length / 128));
}

/**
 * |y − S| ≤ γ_m·A + n·2^-149 with m = additions + 3 and γ_m = m·u/(1 − m·u) = m/(2^24 − m), so with q = 2^24 − m all of
 * it is integers: |y − S|·q ≤ m·A + n·2^-149·q. Undefined if no finite result can be right.
 */
export function dotTolerance(exact: ExactSum, { length, additions }: DotBound): Tolerance | undefined {
  if (exact.overflows) return undefined;
  const m = BigInt(additions + EXTRA_ROUNDINGS);
  const q = (1n << 24n) - m;
  const center = scale(exact.sum, q);
  const underflow = { mantissa: BigInt(length) * q, exponent: -149 };
  return { low: center, high: center, slack: add(scale(exact.absolute, m), underflow), denominator: q };
}
