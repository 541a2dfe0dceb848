import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { equalTolerance } from "../numerics/elementwise.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { listAttribute } from "./attributes.ts";
import { equal, scalar, shapeOf, where } from "./build.ts";
import { ShapeError } from "./errors.ts";
import { gpuGreatest } from "./greatest.ts";
import type { LeafContext, Op } from "./op.ts";
import { pooledElement, poolReads } from "./pool-reads.ts";
import { requireDType, requireInputs, requireRank } from "./require.ts";
import { pad, stridedSlice, tapsGradient, tapsOf } from "./spatial.ts";
import { axesOfWindow, positions, spanOf, tapsAt, type Window, windowOf } from "./window.ts";

const poolWindow = (attributes: LeafContext["attributes"]): Window =>
  windowOf(attributes, listAttribute(attributes, "kernel_shape"));

/** The largest element of each window; padding is never chosen. Of zeros with both signs, which one is not said. */
export const maxPool: Op = {
  infer: (inputs, attributes) => {
    requireInputs(inputs, 1);
    const [x] = inputs;
    requireDType(x!, "float32");
    requireRank(x!, 4);
    const axes = axesOfWindow(poolWindow(attributes), x!.shape);
    const sizes = axes.map(positions);
    const filled = axes.every(
      (axis, i) => sizes[i]! >= 1 && tapsAt(axis, 0).length > 0 && tapsAt(axis, sizes[i]! - 1).length > 0,
    );
    if (!filled) throw new ShapeError("windows that lie in the image", `[${x!.shape}]`);
    return { dtype: "float32", shape: [...x!.shape.slice(0, 2), ...sizes] };
  },
  eval: ([x], { attributes, output, arithmetic }) => {
    const [height, width] = x!.shape.slice(2) as [number, number];
    const [rows, columns] = output.shape.slice(2) as [number, number];
    const [rowAxis, columnAxis] = axesOfWindow(poolWindow(attributes), x!.shape);
    const data = x!.data as Float32Array;
    const result = arithmetic.allocate("float32", sizeOf(output.shape));
    for (let e = 0; e < result.length; e++) {
      const plane = Math.floor(e / (rows * columns)) * height * width;
      const across = tapsAt(columnAxis, e % columns);
      let best = -Infinity;
      for (const row of tapsAt(rowAxis, Math.floor(e / columns) % rows)) {
        for (const column of across) best = Math.max(best, data[plane + row.at * width + column.at]!);
      }
      result[e] = best;
    }
    return result;
  },
  // Every element equal to the maximum of its window gets the whole gradient: a choice that needs no order.
  vjp: (draft, { attributes, inputs: [x], output }, dy) => {
    const window = poolWindow(attributes);
    const image = shapeOf(draft, x!);
    const chosen = (of: ValueId, y: ValueId, gradient: ValueId) =>
      where(draft, equal(draft, of, y), gradient, scalar(draft, 0));
    if (!isTiling(window)) {
      const taps = tapsOf(draft, x!, window, shapeOf(draft, output)).map((tap) => chosen(tap, output, dy));
      return [tapsGradient(draft, taps, window, image)];
    }
    const [tall, wide] = window.kernel as [number, number];
    const [images, channels, rows, columns] = shapeOf(draft, output) as [number, number, number, number];
    const covered = [images, channels, rows * tall, columns * wide];
    const tiles = stridedSlice(draft, x!, [0, 0, 0, 0], [1, 1, 1, 1], covered);
    const gradient = chosen(tiles, enlarge(draft, output, covered), enlarge(draft, dy, covered));
    const rest = image.map((dim, axis) => dim - covered[axis]!);
    return [pad(draft, gradient, [0, 0, 0, 0], rest)];
  },
  bound: ({ attributes, inputs, output, element, terms }) => {
    const { rows, columns } = pooledElement(poolWindow(attributes), inputs[0]!.shape, output.shape, element);
    const { first } = spanOf(columns);
    const values = rows.flatMap((_, i) => columns.map((column) => terms[i]![column.at - first] as number));
    const replay = () => Math.max(...values);
    return { replay, tolerance: () => equalTolerance(replay()), gpu: () => gpuGreatest(values) };
  },
  leaf: ({ attributes, inputs: [x], output }, element) =>
    poolReads(poolWindow(attributes), x!.shape, output.shape, element),
};

/** Windows side by side, without gaps or padding. */
export const isTiling = ({ kernel, strides, pads, dilations }: Window): boolean =>
  kernel.every((size, axis) => size === strides[axis] && (dilations[axis] === 1 || size === 1)) &&
  pads.every((width) => width === 0);

/** Each pixel repeated to a block of `sizes`. */
export const enlarge = (draft: Draft, x: ValueId, sizes: readonly number[]): ValueId =>
  sizes.every((size, axis) => size === shapeOf(draft, x)[axis]) ? x : emit(draft, "Resize", [x], { sizes });
