import type { Shape } from "../tensor/tensor.ts";
import { unravel } from "./broadcast.ts";
import type { Read } from "./op.ts";
import { axesOfWindow, spanOf, type Tap, tapsAt, type Window } from "./window.ts";

/** One pooled element: its plane of X [N·C, H, W] and the taps of its window on both axes. */
export type PooledElement = { readonly plane: number; readonly rows: readonly Tap[]; readonly columns: readonly Tap[] };

export function pooledElement(window: Window, x: Shape, output: Shape, element: number): PooledElement {
  const [image, channel, row, column] = unravel(element, output) as [number, number, number, number];
  const [height, width] = axesOfWindow(window, x);
  return { plane: image * x[1]! + channel, rows: tapsAt(height, row), columns: tapsAt(width, column) };
}

/** One read per row of the window, from its leftmost to its rightmost element. */
export function poolReads(window: Window, x: Shape, output: Shape, element: number): Read[] {
  const { plane, rows, columns } = pooledElement(window, x, output, element);
  const { first, count } = spanOf(columns);
  return rows.map((row) => ({ operand: 0, start: (plane * x[2]! + row.at) * x[3]! + first, count }));
}
