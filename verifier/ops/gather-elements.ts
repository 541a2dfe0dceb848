import { constant } from "../graph/draft.ts";
import type { Node } from "../graph/graph.ts";
import { type Shape, sizeOf, type Tensor, type TensorType, zeros } from "../tensor/tensor.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { axisAttribute } from "./attributes.ts";
import { moved, NEVER_RIGHT } from "./bounds.ts";
import { shapeOf } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { Bound, BoundContext, Op } from "./op.ts";
import { requireDType, requireInputs, requireRank } from "./require.ts";
import { scatterAdd } from "./scatter-add.ts";

/** y[t, d] = x[indices[t, d], d]: in every column elements at non-negative indices. Other axes are turned to the front. */
export const gatherElements: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 2);
    const [x, indices] = inputs;
    requireColumns(x!, indices!, attributes);
    return { dtype: x!.dtype, shape: indices!.shape };
  },
  eval: ([x, indices], { output, arithmetic }) => {
    const columns = output.shape[1]!;
    const result = arithmetic.allocate(output.dtype, sizeOf(output.shape));
    for (let i = 0; i < result.length; i++) {
      const row = rowAt(x!, indices!, i);
      result[i] =
        row === undefined ? absentIn(output, arithmetic, x!, indices!, i) : x!.data[row * columns + (i % columns)]!;
    }
    return result;
  },
  vjp: (draft, { inputs: [x, indices] }, dy) => {
    const shape = shapeOf(draft, x!);
    const none = constant(draft, zeros({ dtype: "float32", shape }));
    return [scatterAdd(draft, none, indices!, dy), null];
  },
  bound: picked,
  leaf: ({ inputs, at }, element) => {
    const columns = inputs[1]!.shape[1]!;
    const index = { operand: 1, start: element, count: 1 };
    const row = at(1, element);
    if (!isRow(inputs[0]!, row)) return [index];
    return [index, { operand: 0, start: Number(row) * columns + (element % columns), count: 1 }];
  },
};

export const isRow = ({ shape }: TensorType, index: number | bigint): boolean => index >= 0 && index < shape[0]!;

/** The element that the index, read first, names. */
export function picked(context: BoundContext): Bound {
  return isRow(context.inputs[0]!, context.terms[0]![0]!) ? moved(context) : NEVER_RIGHT;
}

/** Row of `x` that the flat element `i` of `indices` names; undefined: there is none. */
export function rowAt(x: Tensor, indices: Tensor, i: number): number | undefined {
  const row = Number(indices.data[i]!);
  return isRow(x, row) ? row : undefined;
}

/** What is read where the flat element `i` of `indices` names no row of `x`. Only floats have a value for that. */
export function absentIn(
  output: TensorType,
  { absent }: Arithmetic,
  x: Tensor,
  indices: Tensor,
  i: number,
): number | bigint {
  const value = absent(indices.data[i]!, x.shape[0]!);
  if (output.dtype === "float32") return value;
  return output.dtype === "int64" ? 0n : 0;
}

/** Matrices of equally many columns, the second one of int64, at least one element each: what a leaf can read. */
export function requireColumns(x: TensorType, indices: TensorType, attributes: Node["attributes"]): void {
  requireRank(x, 2);
  requireRank(indices, 2);
  requireDType(indices, "int64");
  if (axisAttribute(attributes, 2) !== 0) throw new ShapeError("axis 0", String(attributes.axis));
  const fits = x.shape[1] === indices.shape[1] && sizeOf(indices.shape) > 0;
  if (!fits) throw new ShapeError(`indices of ${x.shape[1]} columns and at least one row`, list(indices.shape));
}

const list = (shape: Shape): string => `[${shape}]`;
