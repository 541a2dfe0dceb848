import { dotTolerance, exactDot, gemmAdditions } from "../numerics/exact-dot.ts";
import { describe, sizeOf } from "../tensor/tensor.ts";
import { type Arithmetic, binary32 } from "./arithmetic.ts";
import { shapeOf } from "./build.ts";
import { requireBias, requireConvOperands } from "./conv-operands.ts";
import { type ConvShape, convReads } from "./conv-reads.ts";
import { convTerms } from "./conv-terms.ts";
import { convolveTransposed } from "./convolve.ts";
import { gpuSum } from "./dot-bound.ts";
import { ShapeError } from "./errors.ts";
import { biasGradient, filterGradient } from "./filter-gradient.ts";
import type { LeafContext, Op } from "./op.ts";
import { axesOfWindow, groupOf, positions, spread, tapsAt, windowOf } from "./window.ts";

/**
 * Y[n,o,p,q] = B[o] + Σ X[n, c, p·s + i·d − pad, q·s + j·d − pad]·W[o,c,i,j] over the channels c of o's group and the
 * kernel (i, j). Canonical (`convolve.ts`): at least two filters per group, at least two positions per image.
 */
export const conv: Op = {
  infer: (inputs, attributes) => {
    const [x, w] = requireConvOperands(inputs);
    const group = groupOf(attributes);
    const [filters, own] = w.shape as [number, number];
    if (group < 1 || own * group !== x.shape[1] || filters % group !== 0) {
      throw new ShapeError(`channels and filters in ${group} equal groups`, `${describe(x)} and ${describe(w)}`);
    }
    requireBias(inputs[2], filters);
    const sizes = axesOfWindow(windowOf(attributes, w.shape.slice(2)), x.shape).map(positions);
    if (sizes.some((size) => size < 1)) throw new ShapeError("a kernel that fits", describe(x));
    return { dtype: "float32", shape: [x.shape[0]!, filters, ...sizes] };
  },
  eval: ([x, w, b], { attributes, output, arithmetic }) => {
    const [images, channels, height, width] = x!.shape as [number, number, number, number];
    const [filters, own, kernelHeight, kernelWidth] = w!.shape as [number, number, number, number];
    const window = windowOf(attributes, [kernelHeight, kernelWidth]);
    const [rowAxis, columnAxis] = axesOfWindow(window, x!.shape);
    const groups = channels / own;
    const perGroup = filters / groups;
    const [rows, columns] = output.shape.slice(2) as [number, number];
    const data = x!.data as Float32Array;
    const weights = w!.data as Float32Array;
    const length = own * kernelHeight * kernelWidth;
    const result = arithmetic.allocate("float32", sizeOf(output.shape));
    // What one window reads, in the order channel, row, column; zeros in the padding.
    const column = new Float64Array(length);
    for (let n = 0; n < images; n++) {
      for (let g = 0; g < groups; g++) {
        for (let p = 0; p < rows; p++) {
          const rowTaps = tapsAt(rowAxis, p);
          for (let q = 0; q < columns; q++) {
            column.fill(0);
            for (const across of tapsAt(columnAxis, q)) {
              for (const down of rowTaps) {
                for (let c = 0; c < own; c++) {
                  column[(c * kernelHeight + down.k) * kernelWidth + across.k] =
                    data[((n * channels + g * own + c) * height + down.at) * width + across.at]!;
                }
              }
            }
            for (let f = g * perGroup; f < (g + 1) * perGroup; f++) {
              const e = ((n * filters + f) * rows + p) * columns + q;
              result[e] = convSum(arithmetic, {
                length,
                a: (k) => weights[f * length + k]!,
                b: (k) => column[k]!,
                columns: rows * columns,
              });
              // The bias comes last, with a rounding of its own.
              if (b !== undefined) result[e] = (result[e] as number) + (b.data[f] as number);
            }
          }
        }
      }
    }
    return result;
  },
  // ∂X = ConvTranspose(dY, W), cropped or widened to X by its padding; ∂W: `filter-gradient.ts`; ∂B sums all positions.
  vjp: (draft, { attributes, inputs: [x, w, b] }, dy) => {
    const window = windowOf(attributes, shapeOf(draft, w!).slice(2));
    const group = groupOf(attributes);
    const [height, width] = shapeOf(draft, x!).slice(2) as [number, number];
    const [rowAxis, columnAxis] = axesOfWindow(window, shapeOf(draft, dy));
    const widened = [height - spread(rowAxis), width - spread(columnAxis)];
    return [
      convolveTransposed(draft, { x: dy, w: w!, window, group, widened }),
      filterGradient(draft, { image: x!, positions: dy, window, group }),
      ...(b === undefined ? [] : [biasGradient(draft, dy)]),
    ];
  },
  bound: (context) => {
    const { length, x, w, bias } = convTerms(shapeOfConv(context), context.element, context.terms);
    const [a, b] = [(k: number) => w[k]!, (k: number) => x[k]!];
    const columns = sizeOf(context.output.shape.slice(2));
    return {
      replay: () => {
        const sum = convSum(binary32, { length, a, b, columns });
        return bias === undefined ? sum : Math.fround(sum + bias);
      },
      tolerance: () => dotTolerance(exactDot(length, a, b, bias), { length, additions: gemmAdditions(length) }),
      gpu: gpuSum(length, a, b, bias),
    };
  },
  leaf: (context, element) => convReads(shapeOfConv(context), element, context.inputs.length === 3),
};

type Sum = { length: number; a: (k: number) => number; b: (k: number) => number; columns: number };

/** The runtime multiplies the filters [O/g, K] by the unrolled windows [K, positions], blocked as a MatMul of that shape. */
const convSum = (arithmetic: Arithmetic, sum: Sum): number =>
  arithmetic.dot({ ...sum, transA: false, bias: undefined });

function shapeOfConv({ attributes, inputs, output }: Pick<LeafContext, "attributes" | "inputs" | "output">): ConvShape {
  const [x, w] = [inputs[0]!.shape, inputs[1]!.shape];
  const window = windowOf(attributes, w.slice(2));
  return { window, group: groupOf(attributes), x, w, output: output.shape, transposed: false };
}
