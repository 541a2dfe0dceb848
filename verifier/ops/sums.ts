import { constant, type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { float32, type Shape, sameShape, sizeOf } from "../tensor/tensor.ts";
import { reshape, shapeOf, sliceAxis, transpose } from "./build.ts";
import { inPieces, LONGEST } from "./pieces.ts";
import { product } from "./product.ts";

/**
 * Σ over the last axis, kept as 1. As a product with ones[C, 2]: the runtime's own inner-axis sum depends on the
 * alignment of its operand, a product does not. Two columns, since one-column products take another path.
 */
export function rowSum(draft: Draft, x: ValueId): ValueId {
  const shape = shapeOf(draft, x);
  const columns = shape.at(-1) ?? 1;
  if (columns > LONGEST)
    return inPieces(draft, [{ id: x, axis: shape.length - 1 }], ([piece]) => rowSum(draft, piece!));
  const rows = sizeOf(shape.slice(0, -1));
  const kept = [...shape.slice(0, -1), 1];
  if (columns === 1) return reshape(draft, x, kept);
  const ones = constant(draft, float32([columns, 2], new Float32Array(columns * 2).fill(1)));
  const sums = product(draft, { a: reshape(draft, x, [rows, columns]), b: ones });
  return reshape(draft, sliceAxis(draft, sums, 1, 0, 1), kept);
}

/** Σ over the first `count` axes, dropped. The runtime adds the rows one after the other. */
export function leadingSum(draft: Draft, x: ValueId, count: number): ValueId {
  const shape = shapeOf(draft, x);
  const rest = shape.slice(count);
  const terms = sizeOf(shape.slice(0, count));
  if (terms === 1) return reshape(draft, x, rest);
  if (terms > LONGEST && sizeOf(rest) > 1) {
    const flat = reshape(draft, x, [terms, ...rest]);
    return inPieces(draft, [{ id: flat, axis: 0 }], ([piece]) => leadingSum(draft, piece!, 1));
  }
  // With one remaining column the runtime would see a contiguous (inner) sum.
  if (sizeOf(rest) === 1) return reshape(draft, rowSum(draft, reshape(draft, x, [1, terms])), rest);
  return emit(draft, "ReduceSum", [reshape(draft, x, [terms, ...rest])], { axes: [0], keepdims: 0 });
}

/** Σ over any axes, dropped: the last ones first, as one row, so that no single sum grows with the whole tensor. */
export function sumOver(draft: Draft, x: ValueId, axes: readonly number[]): ValueId {
  if (axes.length === 0) return x;
  const shape = shapeOf(draft, x);
  const rest = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const trailing = shape.length - 1 - (rest.at(-1) ?? -1);
  if (trailing > 0) {
    const outer = shape.slice(0, -trailing);
    const sums = rowSum(draft, reshape(draft, x, [...outer, sizeOf(shape.slice(-trailing))]));
    const leading = axes.filter((axis) => axis < outer.length);
    return sumOver(draft, reshape(draft, sums, outer), leading);
  }
  return leadingSum(draft, transpose(draft, x, [...axes, ...rest]), axes.length);
}

/** Σ of everything, as a scalar: columns first, so that no single sum grows with the whole tensor. */
export function total(draft: Draft, x: ValueId): ValueId {
  const shape = shapeOf(draft, x);
  if (shape.length === 0) return x;
  return reshape(draft, rowSum(draft, reshape(draft, leadingSum(draft, x, shape.length - 1), [1, shape.at(-1)!])), []);
}

/** The gradient of broadcasting: sums `x` back to `shape`. */
export function sumTo(draft: Draft, x: ValueId, shape: Shape): ValueId {
  const from = shapeOf(draft, x);
  if (sameShape(from, shape)) return x;
  const lead = from.length - shape.length;
  const axes = from
    .map((_, axis) => axis)
    .filter((axis) => axis < lead || (shape[axis - lead] === 1 && from[axis] !== 1));
  return reshape(draft, sumOver(draft, x, axes), shape);
}
