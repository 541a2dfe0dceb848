import { constant } from "../graph/draft.ts";
import { describe, sizeOf, zeros } from "../tensor/tensor.ts";
import { axisAttribute } from "./attributes.ts";
import { cast, expand, reshape, shapeOf } from "./build.ts";
import { ShapeError } from "./errors.ts";
import { absentIn, isRow, picked, rowAt } from "./gather-elements.ts";
import type { Op } from "./op.ts";
import { requireDType, requireInputs } from "./require.ts";
import { scatterAdd } from "./scatter-add.ts";

/** Rows of the first operand (axis 0) at non-negative indices. */
export const gather: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 2);
    const [x, indices] = inputs;
    requireDType(indices!, "int32", "int64");
    if (x!.shape.length === 0 || axisAttribute(attributes, x!.shape.length) !== 0) {
      throw new ShapeError("axis 0 of a tensor", describe(x!));
    }
    return { dtype: x!.dtype, shape: [...indices!.shape, ...x!.shape.slice(1)] };
  },
  eval: ([x, indices], { output, arithmetic }) => {
    const width = sizeOf(x!.shape.slice(1));
    const result = arithmetic.allocate(output.dtype, sizeOf(output.shape));
    for (let row = 0; row < indices!.data.length; row++) {
      const from = rowAt(x!, indices!, row);
      for (let i = 0; i < width; i++)
        result[row * width + i] =
          from === undefined ? absentIn(output, arithmetic, x!, indices!, row) : x!.data[from * width + i]!;
    }
    return result;
  },
  // Rows of the gradient added where they came from, in the order of the indices.
  vjp: (draft, { inputs: [x, indices] }, dy) => {
    const shape = shapeOf(draft, x!);
    const count = sizeOf(shapeOf(draft, indices!));
    const width = sizeOf(shape.slice(1));
    const matrix = constant(draft, zeros({ dtype: "float32", shape: [shape[0]!, width] }));
    if (count * width === 0) return [reshape(draft, matrix, shape), null];
    const rows = expand(draft, reshape(draft, cast(draft, indices!, "int64"), [count, 1]), [count, width]);
    const added = scatterAdd(draft, matrix, rows, reshape(draft, dy, [count, width]));
    return [reshape(draft, added, shape), null];
  },
  bound: picked,
  leaf: ({ inputs, at }, element) => {
    const width = sizeOf(inputs[0]!.shape.slice(1));
    const row = Math.floor(element / width);
    const index = { operand: 1, start: row, count: 1 };
    const from = at(1, row);
    if (!isRow(inputs[0]!, from)) return [index];
    return [index, { operand: 0, start: Number(from) * width + (element % width), count: 1 }];
  },
};
