import { sizeOf } from "../tensor/tensor.ts";
import { listAttribute } from "./attributes.ts";
import { exactly } from "./bounds.ts";
import { ravel, stridesOf, unravel } from "./broadcast.ts";
import { shapeOf } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireDType, requireInputs } from "./require.ts";
import { stridedSlice } from "./spatial.ts";

/** Zeros around a tensor: `pads` holds the widths before each axis, then those after each. */
export const padding: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const [x] = inputs;
    requireDType(x!, "float32", "int32", "int64");
    const pads = listAttribute(attributes, "pads");
    const rank = x!.shape.length;
    if (pads.length !== 2 * rank || pads.some((width) => width < 0)) {
      throw new ShapeError(`${2 * rank} widths ≥ 0`, `[${pads}]`);
    }
    return { dtype: x!.dtype, shape: x!.shape.map((dim, axis) => pads[axis]! + dim + pads[rank + axis]!) };
  },
  eval: ([x], { attributes, output, arithmetic }) => {
    const pads = listAttribute(attributes, "pads");
    const strides = stridesOf(output.shape);
    const result = arithmetic.allocate(output.dtype, sizeOf(output.shape));
    for (let i = 0; i < x!.data.length; i++) {
      result[
        ravel(
          unravel(i, x!.shape).map((position, axis) => position + pads[axis]!),
          strides,
        )
      ] = x!.data[i]!;
    }
    return result;
  },
  vjp: (draft, { attributes, inputs: [x] }, dy) => {
    const shape = shapeOf(draft, x!);
    const starts = listAttribute(attributes, "pads").slice(0, shape.length);
    return [
      stridedSlice(
        draft,
        dy,
        starts,
        shape.map(() => 1),
        shape,
      ),
    ];
  },
  bound: (context) => exactly((...operands) => operands[0] ?? (context.output.dtype === "int64" ? 0n : 0))(context),
  // Nothing is read for an element of the padding.
  leaf: ({ attributes, inputs, output }, element) => {
    const pads = listAttribute(attributes, "pads");
    const { shape } = inputs[0]!;
    const index = unravel(element, output.shape).map((position, axis) => position - pads[axis]!);
    if (index.some((position, axis) => position < 0 || position >= shape[axis]!)) return [];
    return [{ operand: 0, start: ravel(index, stridesOf(shape)), count: 1 }];
  },
};
