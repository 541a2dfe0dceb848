import type { Arithmetic } from "../../verifier/ops/arithmetic.ts";
import { allocate } from "../../verifier/tensor/tensor.ts";

/** The reference semantics in double precision, for finite differences. Nothing here is hashed or judged. */
export const float64: Arithmetic = {
  allocate: (dtype, length) => (dtype === "float32" ? new Float64Array(length) : allocate(dtype, length)),
  exp: Math.exp,
  log: Math.log,
  dot: ({ length, a, b, bias }) => {
    let sum = bias ?? 0;
    for (let k = 0; k < length; k++) sum += a(k) * b(k);
    return sum;
  },
};
