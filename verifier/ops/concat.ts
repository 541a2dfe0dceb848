import { describe, sizeOf } from "../tensor/tensor.ts";
import { axisAttribute } from "./attributes.ts";
import { moved } from "./bounds.ts";
import { ravel, stridesOf, unravel } from "./broadcast.ts";
import { shapeOf, sliceAxis } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { requireInputs, requireSameDType } from "./require.ts";

export const concat: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1, 1024);
    const [first] = inputs;
    const axis = axisAttribute(attributes, first!.shape.length);
    for (const input of inputs) {
      requireSameDType(first!, input);
      const fits =
        input.shape.length === first!.shape.length &&
        input.shape.every((dim, i) => i === axis || dim === first!.shape[i]);
      if (!fits) throw new ShapeError(`operands equal to ${describe(first!)} but for axis ${axis}`, describe(input));
    }
    const length = inputs.reduce((sum, input) => sum + input.shape[axis]!, 0);
    return { dtype: first!.dtype, shape: first!.shape.map((dim, i) => (i === axis ? length : dim)) };
  },
  eval: (inputs, { attributes, output, arithmetic }) => {
    const axis = axisAttribute(attributes, output.shape.length);
    const rows = sizeOf(output.shape.slice(0, axis));
    const width = sizeOf(output.shape.slice(axis));
    const result = arithmetic.allocate(output.dtype, sizeOf(output.shape));
    let start = 0;
    for (const { data, shape } of inputs) {
      const own = sizeOf(shape.slice(axis));
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < own; i++) result[row * width + start + i] = data[row * own + i]!;
      }
      start += own;
    }
    return result;
  },
  vjp: (draft, { attributes, inputs, output }, dy) => {
    const axis = axisAttribute(attributes, shapeOf(draft, output).length);
    let start = 0;
    return inputs.map((input) => {
      const end = start + shapeOf(draft, input)[axis]!;
      const part = sliceAxis(draft, dy, axis, start, end);
      start = end;
      return part;
    });
  },
  bound: moved,
  leaf: ({ attributes, inputs, output }, element) => {
    const axis = axisAttribute(attributes, output.shape.length);
    const index = unravel(element, output.shape);
    let operand = 0;
    for (; index[axis]! >= inputs[operand]!.shape[axis]!; operand++) index[axis]! -= inputs[operand]!.shape[axis]!;
    return [{ operand, start: ravel(index, stridesOf(inputs[operand]!.shape)), count: 1 }];
  },
};
