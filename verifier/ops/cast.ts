import { valueAt } from "../graph/graph.ts";
import { type DType, dtypeOfCode, sizeOf } from "../tensor/tensor.ts";
import { intAttribute } from "./attributes.ts";
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
};

/** Floats to integers truncate toward zero (P5.7); narrower integers wrap when stored. */
function convert(value: number | bigint, to: DType): number | bigint {
  if (to === "bool") return Number(Boolean(value));
  if (to === "int64") return typeof value === "bigint" ? value : BigInt(Math.trunc(value));
  if (to === "float32") return Number(value);
  return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : Math.trunc(value);
}
