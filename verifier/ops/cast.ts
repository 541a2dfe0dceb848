import { valueAt } from "../graph/graph.ts";
import { roundToFloat32 } from "../numerics/dyadic.ts";
import { type DType, dtypeOfCode, sizeOf } from "../tensor/tensor.ts";
import { intAttribute } from "./attributes.ts";
import { exactly } from "./bounds.ts";
import { leafElementwise } from "./elementwise.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireInputs } from "./require.ts";

export const cast: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const code = intAttribute(attributes, "to");
    const dtype = dtypeOfCode(code);
    if (dtype === undefined) throw new ShapeError("a supported target type", String(code));
    return { dtype, shape: inputs[0]!.shape };
  },
  eval: ([x], { output, arithmetic }) => {
    const result = arithmetic.allocate(output.dtype, sizeOf(output.shape));
    for (let i = 0; i < result.length; i++) result[i] = convert(x!.data[i]!, output.dtype);
    return result;
  },
  // Only a cast between floats would carry a gradient, and there is one float type.
  vjp: (draft, { inputs: [x], output }, dy) => [
    valueAt(draft, x!).dtype === "float32" && valueAt(draft, output).dtype === "float32" ? dy : null,
  ],
  bound: (context) => exactly((x) => convert(x!, context.output.dtype))(context),
  leaf: leafElementwise,
};

/**
 * Floats to integers truncate toward zero (P5.7), narrower integers wrap, integers to floats round to nearest even. A float
 * beyond the integers of a type becomes the least of them, as on x64; to a uint8 it goes by way of an int32.
 */
function convert(value: number | bigint, to: DType): number | bigint {
  switch (to) {
    case "bool":
      return Number(Boolean(value));
    case "float32":
      return typeof value === "bigint" ? roundInteger(value) : Math.fround(value);
    case "int64":
      return typeof value === "bigint" ? value : BigInt(truncate(value, 2 ** 63));
    case "int32":
      return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : truncate(value, 2 ** 31);
    case "uint8":
      return typeof value === "bigint" ? Number(BigInt.asUintN(8, value)) : truncate(value, 2 ** 31) & 0xff;
  }
}

/** Towards zero; what is not in [−limit, limit) becomes −limit. `+ 0`: no integer is −0. */
function truncate(value: number, limit: number): number {
  const whole = Math.trunc(value) + 0;
  return whole >= -limit && whole < limit ? whole : -limit;
}

/** Rounded once: through a double a large integer would be rounded twice. */
const roundInteger = (value: bigint): number => roundToFloat32({ mantissa: value, exponent: 0 });
