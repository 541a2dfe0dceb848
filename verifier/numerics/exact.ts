// Enclosures of exp, log, tanh, sigmoid and erf in fixed point: integers times 2^-96, the same operations in the same
// order as contracts/libraries/numeric/FixedPoint.sol. `>>` rounds down and `/` towards zero in both.
// Each error bound below is proven in docs/numerics.md.
import { type Dyadic, fromFloat32 } from "./dyadic.ts";

/** The exact value lies in (value ± radius)·2^exponent. */
export interface Enclosure {
  readonly value: bigint;
  readonly radius: bigint;
  readonly exponent: number;
}

export const FRACTION_BITS = 96;
const FRACTION = 96n;
const ONE = 1n << FRACTION;
const LN2 = 0xb17217f7d1cf79abc9e3b398n; // ⌊ln 2 · 2^96⌋
const TWO_OVER_SQRT_PI = 0x120dd750429b6d11ae3a914fen; // ⌊2/√π · 2^96⌋

/** |error of expFixed| ≤ 2^10 units of its value in [0.7, 1.42]: 2^-85 relative. */
export const EXP_RADIUS = 1n << 10n;
/** |error of logExact| ≤ 2^10 units: 2^-86, so 2^-62 relative, since |log x| ≥ 2^-24.01 unless x = 1. */
export const LOG_RADIUS = 1n << 10n;
/** tanh and sigmoid add half the relative error of exp and one rounding. */
export const SIGMOID_RADIUS = 1n << 11n;
export const ERF_RADIUS = 1n << 20n;
/** 1 − erf(6) < 2^-55. */
export const ERF_TAIL_RADIUS = 1n << 41n;

const EXP_TERMS = 20n;
const LOG_TERMS = 18n;
/** Beyond it e^-x < 2^-92, less than the error granted to sigmoid and tanh. */
const SIGMOID_LIMIT = 64n << FRACTION;
const ERF_LIMIT = 6n << FRACTION;

/** ⌊x·2^96⌋ */
export function toFixed(x: Dyadic): bigint {
  const shift = BigInt(x.exponent) + FRACTION;
  return shift >= 0n ? x.mantissa << shift : x.mantissa >> -shift;
}

/** e^(x·2^-96) = value·2^(k−96) for |x| < 2^7·2^96, value in [0.7, 1.42]·2^96. */
export function expFixed(x: bigint): { value: bigint; k: bigint } {
  const k = (x + LN2 / 2n + 256n * LN2) / LN2 - 256n; // shifted, so that the division rounds down
  const r = x - k * LN2;
  let value = ONE;
  for (let n = EXP_TERMS; n > 0n; n--) value = ONE + ((r * value) >> FRACTION) / n;
  return { value, k };
}

/** e^x for |x| < 128. */
export function expExact(x: number): Enclosure {
  const { value, k } = expFixed(toFixed(fromFloat32(x)));
  return { value, radius: EXP_RADIUS, exponent: Number(k) - FRACTION_BITS };
}

/** log x for a positive finite x: x = f·2^e with f in [√½, √2), log f = 2·atanh((f − 1)/(f + 1)). */
export function logExact(x: number): Enclosure {
  let { mantissa, exponent } = fromFloat32(x);
  while (mantissa < 1n << 23n) {
    mantissa <<= 1n;
    exponent -= 1;
  }
  let one = 1n << 23n;
  let e = BigInt(exponent) + 23n;
  if (mantissa > SQRT2) {
    one <<= 1n;
    e += 1n;
  }
  const t = ((mantissa - one) << FRACTION) / (mantissa + one);
  const square = (t * t) >> FRACTION;
  let series = ONE / (2n * LOG_TERMS + 1n);
  for (let n = LOG_TERMS - 1n; n >= 0n; n--) series = ONE / (2n * n + 1n) + ((square * series) >> FRACTION);
  return { value: 2n * ((t * series) >> FRACTION) + e * LN2, radius: LOG_RADIUS, exponent: -FRACTION_BITS };
}

const SQRT2 = 11863283n; // ⌊√2 · 2^23⌋

/** tanh x = sign · (1 − 2/(e^2|x| + 1)) */
export function tanhExact(x: number): Enclosure {
  const twice = toFixed(fromFloat32(Math.abs(x))) * 2n;
  const magnitude = ONE - 2n * logisticComplement(twice);
  return { value: x < 0 ? -magnitude : magnitude, radius: SIGMOID_RADIUS, exponent: -FRACTION_BITS };
}

export function sigmoidExact(x: number): Enclosure {
  const complement = logisticComplement(toFixed(fromFloat32(Math.abs(x))));
  return { value: x < 0 ? complement : ONE - complement, radius: SIGMOID_RADIUS, exponent: -FRACTION_BITS };
}

/** 1/(e^x + 1) for x ≥ 0 */
function logisticComplement(x: bigint): bigint {
  if (x >= SIGMOID_LIMIT) return 0n;
  const { value, k } = expFixed(x);
  return (ONE * ONE) / ((value << k) + ONE);
}

/** erf x = 2/√π · e^(−x²) · Σ (2x²)^n·x / (1·3·…·(2n+1)): only positive terms, so nothing cancels. */
export function erfExact(x: number): Enclosure {
  const magnitude = toFixed(fromFloat32(Math.abs(x)));
  const sign = x < 0 ? -1n : 1n;
  if (magnitude >= ERF_LIMIT) return { value: sign * ONE, radius: ERF_TAIL_RADIUS, exponent: -FRACTION_BITS };
  const square = (magnitude * magnitude) >> FRACTION;
  let term = magnitude;
  let sum = 0n;
  for (let n = 1n; term !== 0n; n++) {
    sum += term;
    term = ((term * square * 2n) >> FRACTION) / (2n * n + 1n);
  }
  const { value, k } = expFixed(-square);
  const product = (sum * value) >> (FRACTION - k); // k ≤ 0
  return { value: sign * ((product * TWO_OVER_SQRT_PI) >> FRACTION), radius: ERF_RADIUS, exponent: -FRACTION_BITS };
}
