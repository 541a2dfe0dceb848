import { sizeOf } from "../tensor/tensor.ts";
import { type ConvShape, convElement } from "./conv-reads.ts";
import type { BoundContext } from "./op.ts";
import { spanOf } from "./window.ts";

/** The products of one output element, out of what `convReads` read. */
export type ConvTerms = {
  readonly length: number;
  /** Of the image, in the order in which the kernel adds. */
  readonly x: Float64Array;
  readonly w: Float64Array;
  readonly bias: number | undefined;
};

/**
 * Conv adds in the order channel, row, column, with zeros where the window lies in the padding. ConvTranspose adds the
 * channels of one tap after the other, and has no tap in the padding.
 */
export function convTerms(shape: ConvShape, element: number, terms: BoundContext["terms"]): ConvTerms {
  const { x, w, group, transposed } = shape;
  const { rows, columns } = convElement(shape, element);
  const own = x[1]! / group;
  const [height, width] = w.slice(2) as [number, number];
  const covered = columns.length === 0 ? [] : rows;
  const filter = terms[covered.length] as ArrayLike<number>;
  const length = transposed ? covered.length * columns.length * own : sizeOf([height, width, own]);
  const left = new Float64Array(length);
  const right = transposed ? new Float64Array(length) : Float64Array.from(filter);
  let tap = 0;
  for (const [i, row] of covered.entries()) {
    const read = terms[i] as ArrayLike<number>;
    const { first } = spanOf(columns);
    for (const column of columns) {
      for (let c = 0; c < own; c++) {
        const value = read[(column.at - first) * x[1]! + c]!;
        if (transposed) {
          left[tap * own + c] = value;
          right[tap * own + c] = filter[(row.k * width + column.k) * own + c]!;
        } else left[(c * height + row.k) * width + column.k] = value;
      }
      tap++;
    }
  }
  return { length, x: left, w: right, bias: terms[covered.length + 1]?.[0] as number | undefined };
}
