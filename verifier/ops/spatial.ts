import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { type Shape, sameShape } from "../tensor/tensor.ts";
import { add, reshape, shapeOf } from "./build.ts";
import type { Window } from "./window.ts";

/** Zeros around a tensor: so many before and after each axis. */
export function pad(draft: Draft, x: ValueId, before: readonly number[], after: readonly number[]): ValueId {
  const pads = [...before, ...after];
  return pads.every((width) => width === 0) ? x : emit(draft, "Pad", [x], { pads });
}

/** Zeros around the images of [N, C, H, W]. */
export const padImages = (draft: Draft, x: ValueId, [top, left, bottom, right]: readonly number[]): ValueId =>
  pad(draft, x, [0, 0, top!, left!], [0, 0, bottom!, right!]);

/** Elements start, start + step, … of each axis, as many as `shape` has. */
export function stridedSlice(
  draft: Draft,
  x: ValueId,
  starts: readonly number[],
  steps: readonly number[],
  shape: Shape,
): ValueId {
  if (sameShape(shapeOf(draft, x), shape)) return x;
  const ends = shape.map((count, axis) => starts[axis]! + (count - 1) * steps[axis]! + 1);
  return emit(draft, "Slice", [x], { starts, ends, steps });
}

/** The gradient of `stridedSlice`: `x` at every step-th place from `starts` on of zeros of `shape`. */
export function placed(
  draft: Draft,
  x: ValueId,
  starts: readonly number[],
  steps: readonly number[],
  shape: Shape,
): ValueId {
  const own = shapeOf(draft, x);
  const gaps = own.flatMap((_, axis) => [0, steps[axis]! - 1]);
  const none = gaps.map(() => 0);
  const singles = reshape(
    draft,
    x,
    own.flatMap((count) => [count, 1]),
  );
  const wide = own.map((count, axis) => count * steps[axis]!);
  const apart = gaps.every((gap) => gap === 0) ? x : reshape(draft, pad(draft, singles, none, gaps), wide);
  const kept = wide.map((count, axis) => Math.min(count, shape[axis]! - starts[axis]!));
  const cut = stridedSlice(
    draft,
    apart,
    none.slice(0, own.length),
    own.map(() => 1),
    kept,
  );
  return pad(
    draft,
    cut,
    starts,
    kept.map((count, axis) => shape[axis]! - starts[axis]! - count),
  );
}

/** What each tap of the kernel reads at all window positions: kh·kw tensors of [N, C, rows, columns], row by row. */
export function tapsOf(draft: Draft, x: ValueId, window: Window, positions: Shape): ValueId[] {
  const padded = padImages(draft, x, window.pads);
  return tapStarts(window).map((starts) =>
    stridedSlice(
      draft,
      padded,
      starts,
      [1, 1, ...window.strides],
      [...shapeOf(draft, x).slice(0, 2), ...positions.slice(-2)],
    ),
  );
}

/** The gradient of `tapsOf`, summed over the taps in order. */
export function tapsGradient(draft: Draft, taps: readonly ValueId[], window: Window, image: Shape): ValueId {
  const [top, left, bottom, right] = window.pads as [number, number, number, number];
  const padded = [...image.slice(0, 2), image[2]! + top + bottom, image[3]! + left + right];
  const starts = tapStarts(window);
  const sum = taps
    .map((tap, i) => placed(draft, tap, starts[i]!, [1, 1, ...window.strides], padded))
    .reduce((a, b) => add(draft, a, b));
  return stridedSlice(draft, sum, [0, 0, top, left], [1, 1, 1, 1], image);
}

const tapStarts = ({ kernel, dilations }: Window): number[][] =>
  Array.from({ length: kernel[0]! }, (_, i) =>
    Array.from({ length: kernel[1]! }, (_, j) => [0, 0, i * dilations[0]!, j * dilations[1]!]),
  ).flat();
