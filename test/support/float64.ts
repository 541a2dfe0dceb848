import { type Arithmetic, binary32 } from "../../verifier/ops/arithmetic.ts";
import { allocate } from "../../verifier/tensor/tensor.ts";

/** The reference semantics in double precision, for finite differences. Nothing here is hashed or judged. */
export const float64: Arithmetic = {
  allocate: (dtype, length) => (dtype === "float32" ? new Float64Array(length) : allocate(dtype, length)),
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  absent: binary32.absent,
  dot: ({ length, a, b, bias }) => {
    let sum = bias ?? 0;
    for (let k = 0; k < length; k++) sum += a(k) * b(k);
    return sum;
  },
};

/** 2/√π · e^(−x²) · Σ (2x²)^n·x / (1·3·…·(2n+1)): only positive terms; beyond 6 it is ±1. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let sum = 0;
  for (let n = 1, term = x; sum + term !== sum; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
