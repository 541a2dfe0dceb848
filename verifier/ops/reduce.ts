import type { Draft } from "../graph/draft.ts";
import type { Attributes, Node, ValueId } from "../graph/graph.ts";
import { type Shape, sizeOf, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { intAttribute, listAttribute } from "./attributes.ts";
import { offsets, stridesOf } from "./broadcast.ts";
import { reshape, shapeOf } from "./build.ts";
import { ShapeError } from "./errors.ts";
import type { BoundContext, Read } from "./op.ts";
import { requireDType, requireInputs } from "./require.ts";

/** Consecutive ascending axes, at least one: what P5.7 encodes and a leaf can read. Others are transposed first. */
export function axesOf(attributes: Attributes, rank: number): readonly number[] {
  const axes = listAttribute(attributes, "axes");
  const consecutive = axes.every((axis, i) => axis === axes[0]! + i);
  if (axes.length === 0 || !consecutive || axes[0]! < 0 || axes.at(-1)! >= rank) {
    throw new ShapeError(`consecutive axes in [0, ${rank})`, `[${axes}]`);
  }
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

/**
 * The terms of one element: in one run where they lie side by side (trailing axes, or leading ones in their layout), else
 * one by one.
 */
export function leafReduction(x: TensorType, axes: readonly number[], hasLayout: boolean, element: number): Read[] {
  const count = sizeOf(axes.map((axis) => x.shape[axis]!));
  const inner = sizeOf(x.shape.slice(axes.at(-1)! + 1));
  if (inner === 1 || count === 1 || hasLayout) return [{ operand: 0, start: element * count, count }];
  const first = Math.floor(element / inner) * count * inner + (element % inner);
  return Array.from({ length: count }, (_, k) => ({ operand: 0, start: first + k * inner, count: 1 }));
}

/** The terms of one or many reads, one after the other. */
export const flatTerms = (terms: BoundContext["terms"]): number[] =>
  terms.flatMap((term) => Array.from(term as ArrayLike<number>));
