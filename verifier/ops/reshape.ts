import { describe, sizeOf } from "../tensor/tensor.ts";
import { listAttribute } from "./attributes.ts";
import { shapeOf, reshape as view } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireInputs } from "./require.ts";

/** Names the same bytes by another shape: its output has no leaf and no place of its own (P5.2). */
export const reshape: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const [x] = inputs;
    const shape = listAttribute(attributes, "shape");
    if (shape.some((dim) => dim < 0) || sizeOf(shape) !== sizeOf(x!.shape)) {
      throw new ShapeError(`a shape of ${sizeOf(x!.shape)} elements for ${describe(x!)}`, `[${shape}]`);
    }
    return { dtype: x!.dtype, shape };
  },
  eval: ([x]) => x!.data,
  vjp: (draft, { inputs: [x] }, dy) => [view(draft, dy, shapeOf(draft, x!))],
  bound: null,
  leaf: null,
};
