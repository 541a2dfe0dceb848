import type { Shape, Tensor, TensorData } from "../tensor/tensor.ts";
import { sameShape, sizeOf } from "../tensor/tensor.ts";
import { ShapeError } from "./errors.ts";

/** ONNX multidirectional broadcasting of two or more shapes. */
export function broadcastShapes(...shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const dim = dims.find((candidate) => candidate !== 1) ?? 1;
    if (dims.some((candidate) => candidate !== 1 && candidate !== dim)) {
      throw new ShapeError("shapes that broadcast", shapes.map((shape) => `[${shape}]`).join(" and "));
    }
    return dim;
  });
}

/** Row-major strides. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Strides of `from` seen through the axes of the larger shape `to`: 0 along broadcast axes. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  return to.map((_, axis) => {
    const i = axis - to.length + from.length;
    return i < 0 || from[i] === 1 ? 0 : own[i]!;
  });
}

/** For each element of `shape` in row-major order, the offset that `strides` gives its index. */
export function offsets(shape: Shape, strides: readonly number[], start = 0): Uint32Array {
  const result = new Uint32Array(sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let offset = start;
  for (let i = 0; i < result.length; i++) {
    result[i] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/** The operand's elements repeated to `shape`. */
export function broadcastTo(tensor: Tensor, shape: Shape): TensorData {
  return sameShape(tensor.shape, shape)
    ? tensor.data
    : pick(tensor, offsets(shape, broadcastStrides(tensor.shape, shape)));
}

/** A new tensor's data whose element i is `tensor.data[from[i]]`. */
export function pick(tensor: Tensor, from: ArrayLike<number>): TensorData {
  const source = tensor.data;
  const picked = new (source.constructor as new (length: number) => TensorData)(from.length);
  for (let i = 0; i < from.length; i++) picked[i] = source[from[i]!]!;
  return picked;
}

/** Indices of a flat element. */
export function unravel(element: number, shape: Shape): number[] {
  let rest = element;
  return shape
    .toReversed()
    .map((dim) => {
      const index = rest % dim;
      rest = Math.floor(rest / dim);
      return index;
    })
    .reverse();
}

export const ravel = (index: readonly number[], strides: readonly number[]): number =>
  index.reduce((sum, position, axis) => sum + position * strides[axis]!, 0);

/** The flat element of the smaller shape that element of `to` comes from. */
export const broadcastElement = (element: number, from: Shape, to: Shape): number =>
  ravel(unravel(element, to), broadcastStrides(from, to));
