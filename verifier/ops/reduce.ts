import type { Draft } from "../graph/draft.ts";
import type { Attributes, Node, ValueId } from "../graph/graph.ts";
import { type Shape, sizeOf, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { intAttribute, listAttribute } from "./attributes.ts";
import { offsets, stridesOf } from "./broadcast.ts";
import { reshape, shapeOf } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { LeafContext, Read } from "./op.ts";
import { requireDType, requireInputs } from "./require.ts";

/** Axes ascending and without repeats, as P5.7 encodes them. */
export function axesOf(attributes: Attributes, rank: number): readonly number[] {
  const axes = listAttribute(attributes, "axes");
  const ascending = axes.every((axis, i) => axis >= 0 && axis < rank && (i === 0 || axis > axes[i - 1]!));
  if (!ascending) throw new ShapeError(`ascending axes in [0, ${rank})`, `[${axes}]`);
  return axes;
}

export const keptShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));

export function inferReduction(inputs: readonly TensorType[], attributes: Attributes): TensorType {
  requireInputs(inputs, 1);
  const [x] = inputs;
  requireDType(x!, "float32");
  const axes = axesOf(attributes, x!.shape.length);
  const kept = intAttribute(attributes, "keepdims") === 1;
  return {
    dtype: "float32",
    shape: kept ? keptShape(x!.shape, axes) : x!.shape.filter((_, axis) => !axes.includes(axis)),
  };
}

/** Start of each output element's terms, and the distance of each term from it, both in row-major order. */
export function reductionOffsets(x: Tensor, axes: readonly number[]): { starts: Uint32Array; terms: Uint32Array } {
  const strides = stridesOf(x.shape);
  const along = (picked: readonly number[]): Uint32Array =>
    offsets(
      picked.map((axis) => x.shape[axis]!),
      picked.map((axis) => strides[axis]!),
    );
  return { starts: along(x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))), terms: along(axes) };
}

/** The node's value (or its gradient) with the reduced axes kept as 1. */
export function withKeptAxes(draft: Draft, node: Node, value: ValueId): ValueId {
  const shape = shapeOf(draft, node.inputs[0]!);
  return reshape(draft, value, keptShape(shape, axesOf(node.attributes, shape.length)));
}

export const isLeading = (attributes: Attributes): boolean =>
  listAttribute(attributes, "axes").every((axis, i) => axis === i);

/** The terms of one element: a row of the layout over leading axes, a row of the operand itself over trailing ones. */
export function leafReduction({ attributes, inputs }: LeafContext, element: number): readonly Read[] {
  const { shape } = inputs[0]!;
  const axes = axesOf(attributes, shape.length);
  const trailing = axes.every((axis, i) => axis === shape.length - axes.length + i);
  if (!isLeading(attributes) && !trailing) throw new ShapeError("leading or trailing axes to reduce", `[${axes}]`);
  const count = sizeOf(axes.map((axis) => shape[axis]!));
  return [{ operand: 0, start: element * count, count }];
}
