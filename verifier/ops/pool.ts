import { composite, constant, type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { float32, sizeOf } from "../tensor/tensor.ts";
import { add, div, mul, reshape, scalar, shapeOf } from "./build.ts";
import { enlarge, isTiling } from "./max-pool.ts";
import { pad, tapsOf } from "./spatial.ts";
import { sumOver } from "./sums.ts";
import { axesOfWindow, positions, tapsAt, type Window } from "./window.ts";

/** Canonical: zero is added first, which makes every −0 a +0, since of zeros with both signs the runtime takes either. */
export const maxPooled = (draft: Draft, x: ValueId, window: Window): ValueId =>
  emit(draft, "MaxPool", [add(draft, x, scalar(draft, 0))], {
    dilations: window.dilations,
    kernel_shape: window.kernel,
    pads: window.pads,
    strides: window.strides,
  });

/**
 * The mean of each window, as a sum of the kernel's taps in order, times the reciprocal of their number. Where windows reach
 * into the padding and it does not count, divided by the number of elements that each window holds.
 */
export function averagePooled(draft: Draft, x: ValueId, window: Window, countPadding: boolean): ValueId {
  const axes = axesOfWindow(window, shapeOf(draft, x));
  const spots = axes.map(positions);
  if (!isTiling(window)) return averageOf(draft, x, window, countPadding);
  return composite(draft, [x], () => {
    const image = shapeOf(draft, x);
    const covered = [...image.slice(0, 2), ...spots.map((count, i) => count * window.kernel[i]!)];
    return {
      output: averageOf(draft, x, window, countPadding),
      vjp: (dy) => {
        const spread = enlarge(draft, mul(draft, dy, scalar(draft, 1 / sizeOf(window.kernel))), covered);
        return [
          pad(
            draft,
            spread,
            [0, 0, 0, 0],
            image.map((dim, axis) => dim - covered[axis]!),
          ),
        ];
      },
    };
  });
}

function averageOf(draft: Draft, x: ValueId, window: Window, countPadding: boolean): ValueId {
  const axes = axesOfWindow(window, shapeOf(draft, x));
  const spots = axes.map(positions);
  const sum = tapsOf(draft, x, window, spots).reduce((a, b) => add(draft, a, b));
  const [rows, columns] = axes.map((axis, i) => Array.from({ length: spots[i]! }, (_, o) => tapsAt(axis, o).length));
  const counts = rows!.flatMap((row) => columns!.map((column) => row * column));
  const whole = sizeOf(window.kernel);
  if (countPadding || counts.every((count) => count === whole)) return mul(draft, sum, scalar(draft, 1 / whole));
  return div(draft, sum, constant(draft, float32(spots, counts)));
}

/** The mean over all positions: [N, C, H, W] → [N, C, 1, 1]. */
export function globalAveragePooled(draft: Draft, x: ValueId): ValueId {
  const shape = shapeOf(draft, x);
  const axes = shape.map((_, axis) => axis).slice(2);
  const mean = mul(draft, sumOver(draft, x, axes), scalar(draft, 1 / sizeOf(shape.slice(2))));
  return reshape(draft, mean, [...shape.slice(0, 2), ...axes.map(() => 1)]);
}
