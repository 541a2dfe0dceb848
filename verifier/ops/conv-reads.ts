import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { unravel } from "./broadcast.ts";
import type { Read } from "./op.ts";
import { axesOfWindow, spanOf, spreadTapsAt, type Tap, tapsAt, type Window } from "./window.ts";

/** One output element of a convolution: which image, group and filter, and the taps of its window on both axes. */
export type ConvElement = {
  readonly image: number;
  readonly group: number;
  /** Among the filters of its group. */
  readonly filter: number;
  readonly rows: readonly Tap[];
  readonly columns: readonly Tap[];
};

export type ConvShape = {
  readonly window: Window;
  readonly group: number;
  readonly x: Shape;
  readonly w: Shape;
  readonly output: Shape;
  readonly transposed: boolean;
};

export function convElement({ window, group, x, output, transposed }: ConvShape, element: number): ConvElement {
  const [image, channel, row, column] = unravel(element, output) as [number, number, number, number];
  const filters = output[1]! / group;
  const [height, width] = axesOfWindow(window, x);
  const taps = transposed ? spreadTapsAt : tapsAt;
  return {
    image,
    group: Math.floor(channel / filters),
    filter: channel % filters,
    rows: taps(height, row),
    columns: taps(width, column),
  };
}

/**
 * X is read through its layout [N, H·W, C], one read per row of the window: from the first channel of the group at its
 * leftmost position to the last channel at the rightmost one. The filter is one read: row-major in W [O, C/g, kh, kw],
 * through the layout [g, O/g·kh·kw, C/g] where transposed.
 */
export function convReads(shape: ConvShape, element: number, hasBias: boolean): Read[] {
  const { x, w, output, group } = shape;
  const at = convElement(shape, element);
  const [, channels, height, width] = x as [number, number, number, number];
  const own = channels / group;
  const terms = sizeOf(w.slice(2)) * own;
  const reads: Read[] = [];
  if (at.columns.length > 0) {
    const { first, count } = spanOf(at.columns);
    for (const row of at.rows) {
      const position = (at.image * height + row.at) * width + first;
      reads.push({ operand: 0, start: position * channels + at.group * own, count: (count - 1) * channels + own });
    }
  }
  const filter = at.group * (output[1]! / group) + at.filter;
  reads.push({ operand: 1, start: filter * terms, count: terms });
  if (hasBias) reads.push({ operand: 2, start: filter, count: 1 });
  return reads;
}
