// exp, tanh, sigmoid and erf as straight-line binary32 programs, equal bit for bit to the CPU kernels of the pinned
// onnxruntime (docs/numerics.md). Each line is one rounded operation, so the contract can replay it.
// Not here: log, softplus, sin, cos: their kernels depend on an element's position in the vector, so no program exists.

import { powerOfTwo } from "./float32.ts";
import { fma } from "./fma.ts";

const round = Math.fround;

const LOG2_E = round(Math.LOG2E);
const MINUS_LN2_HIGH = round(-6.93145752e-1);
const MINUS_LN2_LOW = round(-1.42860677e-6);
/** 1.5·2^23: adding and subtracting it rounds to an integer. */
const ROUNDING_BIAS = 12582912;

const EXP_MIN = round(-103.9720840454);
const EXP_MAX = round(88.776264790536);
const EXP_COEFFICIENTS = [
  0x1694000 / 2 ** 34,
  0x1125edc / 2 ** 31,
  0x1555b5a / 2 ** 29,
  0x1555450 / 2 ** 27,
  0x1fffff6 / 2 ** 26,
  1,
  1,
].map(round);

/** Infinity above 88.72…, as the runtime. */
export function exp(x: number): number {
  const clamped = Math.max(EXP_MIN, Math.min(EXP_MAX, x));
  const k = round(fma(clamped, LOG2_E, ROUNDING_BIAS) - ROUNDING_BIAS);
  const r = fma(k, MINUS_LN2_LOW, fma(k, MINUS_LN2_HIGH, clamped));
  return round(horner(EXP_COEFFICIENTS, r) * powerOfTwo(k));
}

const TANH_NUMERATOR = [
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
  6.37261928875436e-4, 4.89352455891786e-3,
].map(round);
const TANH_DENOMINATOR = [1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3].map(round);

export function tanh(x: number): number {
  const clamped = Math.max(-9, Math.min(9, x));
  const square = round(clamped * clamped);
  const numerator = round(horner(TANH_NUMERATOR, square) * clamped);
  return round(numerator / horner(TANH_DENOMINATOR, square));
}

const SIGMOID_NUMERATOR = [
  4.37031012579801e-11, 1.15627324459942e-7, 6.08574864600143e-5, 8.51377133304701e-3, 2.48287947061529e-1,
].map(round);
const SIGMOID_DENOMINATOR = [
  6.10247389755681e-13, 5.76102136993427e-9, 6.2910678501704e-6, 1.70198817374094e-3, 1.16817656904453e-1,
  9.9315192102318e-1,
].map(round);

export function sigmoid(x: number): number {
  const clamped = Math.max(-18, Math.min(18, x));
  const square = round(clamped * clamped);
  const numerator = round(horner(SIGMOID_NUMERATOR, square) * clamped);
  // The rational function ends at −2^-24 on the clamped side; the kernel's last instruction cuts that off, but not what is
  // 1 + 2^-23 at a few inputs near 18.
  return Math.max(0, round(round(numerator / horner(SIGMOID_DENOMINATOR, square)) + 0.5));
}

const ERF_SPLIT = round(0.921875);
const ERF_MAX = round(3.925);
const ERF_SMALL = [-5.99104969e-4, 4.99339588e-3, -2.67667342e-2, 1.12818025e-1, -3.76124859e-1, 1.28379151e-1].map(
  round,
);
const ERF_BIG = [
  1.7294893e-5, -3.8320868e-4, 3.88393435e-3, -2.42545605e-2, 1.06777847e-1, 6.34846687e-1, 1.28717512e-1,
].map(round);
const ERF_EXP = [1.38319808e-3, 8.37550033e-3, 4.16689515e-2, 1.66664466e-1, 4.99999851e-1, 1, 1].map(round);

export function erf(x: number): number {
  const magnitude = Math.abs(x);
  const result = magnitude > ERF_SPLIT ? erfBig(Math.min(ERF_MAX, magnitude)) : erfSmall(magnitude);
  return x < 0 || Object.is(x, -0) ? -result : result;
}

function erfSmall(magnitude: number): number {
  return fma(horner(ERF_SMALL, round(magnitude * magnitude)), magnitude, magnitude);
}

/** 1 − e^−q(a), with its own exponential: other coefficients and no clamp. */
function erfBig(magnitude: number): number {
  const power = -fma(horner(ERF_BIG, magnitude), magnitude, magnitude);
  const k = round(fma(LOG2_E, power, ROUNDING_BIAS) - ROUNDING_BIAS);
  const r = fma(k, MINUS_LN2_LOW, fma(k, MINUS_LN2_HIGH, power));
  return round(1 - round(horner(ERF_EXP, r) * powerOfTwo(k)));
}

/** c₀ is the first value; then one fma per coefficient. */
function horner(coefficients: readonly number[], x: number): number {
  let value = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) value = fma(value, x, coefficients[i]!);
  return value;
}
