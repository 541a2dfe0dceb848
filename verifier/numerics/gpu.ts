// Tolerances of the gpu column of the tolerant profile (docs/numerics.md N7). contracts/libraries/numeric/GpuTolerance.sol has
// the same integers. u = 2^-24; every row is granted 2^-126 more, what a result loses that is flushed, which becomes one unit
// where the unit is coarser. Denormal *operands* are read by the op (verifier/ops/readings.ts), but for sums, whose bound
// holds for all readings at once. Undefined: no finite result is right.
import type { Terms } from "./dot.ts";
import { abs, add, type Dyadic, fromFloat32, scale, ZERO } from "./dyadic.ts";
import { around, enclosed, grantIn } from "./elementwise.ts";
import { erfExact, expExact, FRACTION_BITS, logExact, sigmoidExact, tanhExact, toFixed } from "./exact.ts";
import { EXTRA_ROUNDINGS, type ExactSum } from "./exact-dot.ts";
import { FLOAT32_MAX, isDenormal } from "./float32.ts";
import type { Tolerance } from "./tolerance.ts";

const FLUSHED: Dyadic = { mantissa: 1n, exponent: -126 };

/** Nothing is said of a/b where |b| is outside of [2^-126, 2^126]: any finite result may be right. */
const LARGEST_DIVISOR = 2 ** 126;
const LEAST_NORMAL = 2 ** -126;
const ANYTHING: Tolerance = around(ZERO, fromFloat32(FLOAT32_MAX));

/** Add, Sub, Mul: the correctly rounded result. */
export function gpuRounded(result: number): Tolerance | undefined {
  return Number.isFinite(result) ? around(fromFloat32(result), FLUSHED) : undefined;
}

/** a/b: 5u relative. |y·b − a| ≤ 5u·|a| + 2^-126·|b|, with the mantissa of b as denominator. */
export function gpuQuotient(a: number, b: number): Tolerance | undefined {
  if (b === 0) return undefined;
  if (Math.abs(b) < LEAST_NORMAL || Math.abs(b) > LARGEST_DIVISOR) return ANYTHING;
  const divisor = fromFloat32(Math.abs(b));
  const dividend = fromFloat32(b < 0 ? -a : a);
  const center = { mantissa: dividend.mantissa, exponent: dividend.exponent - divisor.exponent };
  const relative = { mantissa: 5n * abs(center).mantissa, exponent: center.exponent - 24 };
  const slack = add(relative, scale(FLUSHED, divisor.mantissa));
  return { low: center, high: center, slack, denominator: divisor.mantissa };
}

/** 10u relative, in units of 2^-24 of those of the root, which is taken to 2^-60 of itself. */
export function gpuRoot(x: number): Tolerance | undefined {
  if (x < 0) return undefined;
  if (x === 0) return around(ZERO, FLUSHED);
  const { mantissa, exponent } = fromFloat32(x);
  const isOdd = exponent % 2 !== 0;
  const value = squareRoot(mantissa << (isOdd ? 101n : 100n));
  const unit = ((isOdd ? exponent - 1 : exponent) - 100) / 2;
  return enclosed({ value, radius: 1n, exponent: unit }, 24, 10n * (value + 1n) + grantIn(-126, unit - 24));
}

/** (6 + 4|x|)u relative, in units of 2^(k−152): the factor is counted in 2^-32, rounded up. */
export function gpuExp(x: number): Tolerance | undefined {
  if (x >= 128) return undefined;
  if (x <= -128) return around(ZERO, FLUSHED); // e^x < 2^-184
  const { value, radius, exponent } = expExact(x);
  const magnitude = (toFixed(fromFloat32(Math.abs(x))) >> BigInt(FRACTION_BITS - 32)) + 1n;
  const factor = (6n << 32n) + 4n * magnitude;
  return enclosed({ value, radius, exponent }, 56, (value + radius) * factor + grantIn(-126, exponent - 56));
}

/** 8u·max(|log x|, 1), in units of 2^-117. */
export function gpuLog(x: number): Tolerance | undefined {
  if (x <= 0) return undefined;
  const enclosure = logExact(x);
  const magnitude = (enclosure.value < 0n ? -enclosure.value : enclosure.value) + enclosure.radius;
  const least = 1n << BigInt(FRACTION_BITS);
  return enclosed(enclosure, 21, (magnitude > least ? magnitude : least) + 1n);
}

/** 8u */
export const gpuTanh = (x: number): Tolerance => enclosed(tanhExact(x), 0, (1n << BigInt(FRACTION_BITS - 21)) + 1n);

/** 8u */
export const gpuSigmoid = (x: number): Tolerance =>
  enclosed(sigmoidExact(x), 0, (1n << BigInt(FRACTION_BITS - 21)) + 1n);

/** 40u */
export const gpuErf = (x: number): Tolerance => enclosed(erfExact(x), 0, (5n << BigInt(FRACTION_BITS - 21)) + 1n);

/** Σ |a_k·b_k| of the terms with a denormal operand: what a sum loses that reads them as zeros. Below 2^-22 each. */
export function denormalTerms(length: number, a: Terms, b: Terms, bias = 0): Dyadic {
  let units = isDenormal(bias) ? abs(fromFloat32(bias)).mantissa << 149n : 0n; // of 2^-298
  for (let k = 0; k < length; k++) {
    const [x, y] = [a(k), b(k)];
    if (!isDenormal(x) && !isDenormal(y)) continue;
    const [p, q] = [abs(fromFloat32(x)), abs(fromFloat32(y))];
    units += (p.mantissa * q.mantissa) << BigInt(p.exponent + q.exponent + 298);
  }
  return { mantissa: units, exponent: -298 };
}

/**
 * |y − S| ≤ γ_m·A + D with m = n + 3 whatever the order, and D = `denormal` + 2n·2^-126: each product and each addition may
 * be flushed. q = 2^24 − m makes all of it integers, as in `dotTolerance`.
 */
export function gpuDot(exact: ExactSum, length: number, denormal: Dyadic): Tolerance | undefined {
  if (exact.overflows) return undefined;
  const m = BigInt(length + EXTRA_ROUNDINGS);
  const q = (1n << 24n) - m;
  const center = scale(exact.sum, q);
  const lost = scale(add(denormal, { mantissa: 2n * BigInt(length), exponent: -126 }), q);
  return { low: center, high: center, slack: add(scale(exact.absolute, m), lost), denominator: q };
}

/** ⌊√n⌋ by Newton's method from above. */
function squareRoot(n: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
