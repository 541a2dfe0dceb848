import { constant } from "../graph/draft.ts";
import { valueAt } from "../graph/graph.ts";
import { describe, sizeOf } from "../tensor/tensor.ts";
import { axisAttribute } from "./attributes.ts";
import { moved } from "./bounds.ts";
import { cast, equal, reshape, shapeOf } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { Op } from "./op.ts";
import { product } from "./product.ts";
import { requireDType, requireInputs } from "./require.ts";

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
      const from = Number(indices!.data[row]!);
      if (from < 0 || from >= x!.shape[0]!) throw new ShapeError(`an index in [0, ${x!.shape[0]})`, String(from));
      for (let i = 0; i < width; i++) result[row * width + i] = x!.data[from * width + i]!;
    }
    return result;
  },
  // onehotᵀ·dY: a product adds repeated rows in one fixed order, and needs no scatter.
  vjp: (draft, { inputs: [x, indices] }, dy) => {
    const [count, ...rest] = shapeOf(draft, x!);
    const { dtype, shape } = valueAt(draft, indices!);
    const rows = sizeOf(shape);
    const iota =
      dtype === "int64"
        ? BigInt64Array.from({ length: count! }, (_, i) => BigInt(i))
        : Int32Array.from({ length: count! }, (_, i) => i);
    const hot = equal(
      draft,
      reshape(draft, indices!, [rows, 1]),
      constant(draft, { dtype, shape: [1, count!], data: iota }),
    );
    const gradient = reshape(draft, dy, [rows, sizeOf(rest)]);
    return [
      reshape(draft, product(draft, { a: cast(draft, hot, "float32"), b: gradient, transA: true }), [count!, ...rest]),
      null,
    ];
  },
  bound: moved,
  leaf: ({ inputs, at }, element) => {
    const width = sizeOf(inputs[0]!.shape.slice(1));
    const row = Math.floor(element / width);
    return [
      { operand: 1, start: row, count: 1 },
      { operand: 0, start: Number(at(1, row)) * width + (element % width), count: 1 },
    ];
  },
};
