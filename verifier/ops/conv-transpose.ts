import { kBlock, strictDot } from "../numerics/dot.ts";
import { dotTolerance, exactDot, gemmAdditions } from "../numerics/exact-dot.ts";
import { describe, sizeOf } from "../tensor/tensor.ts";
import { listAttribute } from "./attributes.ts";
import { shapeOf } from "./build.ts";
import { requireBias, requireConvOperands } from "./conv-operands.ts";
import { type ConvShape, convReads } from "./conv-reads.ts";
import { convTerms } from "./conv-terms.ts";
import { convolve } from "./convolve.ts";
import { gpuSum } from "./dot-bound.ts";
import { ShapeError } from "./errors.ts";
import { biasGradient, filterGradient } from "./filter-gradient.ts";
import type { LeafContext, Op } from "./op.ts";
import { axesOfWindow, groupOf, spread, spreadTapsAt, windowOf } from "./window.ts";

/**
 * Each position of X spreads W[c,·] into a window of Y: Y[n,o,p,q] = B[o] + Σ X[n,c,h,w]·W[c,o,i,j] over h·s + i·d − pad = p,
 * w·s + j·d − pad = q and the channels c of o's group. Canonical (`convolve.ts`): at least two positions per image.
 */
export const convTranspose: Op = {
  infer: (inputs, attributes) => {
    const [x, w] = requireConvOperands(inputs);
    const group = groupOf(attributes);
    const channels = x.shape[1]!;
    if (group < 1 || channels !== w.shape[0] || channels % group !== 0) {
      throw new ShapeError(
        `as many filters as channels, in ${group} equal groups`,
        `${describe(x)} and ${describe(w)}`,
      );
    }
    requireBias(inputs[2], w.shape[1]! * group);
    const window = windowOf(attributes, w.shape.slice(2));
    const widened = listAttribute(attributes, "output_padding");
    const legal = widened.every((extra, i) => extra >= 0 && extra < Math.max(window.strides[i]!, window.dilations[i]!));
    if (widened.length !== 2 || !legal) throw new ShapeError("an output padding below the stride", `[${widened}]`);
    const sizes = axesOfWindow(window, x.shape).map((axis, i) => spread(axis) + widened[i]!);
    if (sizes.some((size) => size < 1)) throw new ShapeError("padding that leaves something", describe(x));
    return { dtype: "float32", shape: [x.shape[0]!, w.shape[1]! * group, ...sizes] };
  },
  eval: ([x, w, b], { attributes, output, arithmetic }) => {
    const [images, channels, height, width] = x!.shape as [number, number, number, number];
    const [, perGroup, kernelHeight, kernelWidth] = w!.shape as [number, number, number, number];
    const [, filters, rows, columns] = output.shape as [number, number, number, number];
    const [rowAxis, columnAxis] = axesOfWindow(windowOf(attributes, [kernelHeight, kernelWidth]), x!.shape);
    const own = channels / (filters / perGroup);
    const kernel = kernelHeight * kernelWidth;
    const data = x!.data as Float32Array;
    const weights = w!.data as Float32Array;
    const result = arithmetic.allocate("float32", sizeOf(output.shape));
    let e = 0;
    for (let n = 0; n < images; n++) {
      for (let f = 0; f < filters; f++) {
        const first = Math.floor(f / perGroup) * own;
        for (let p = 0; p < rows; p++) {
          const rowTaps = spreadTapsAt(rowAxis, p);
          for (let q = 0; q < columns; q++, e++) {
            const columnTaps = spreadTapsAt(columnAxis, q);
            for (const down of rowTaps) {
              for (const across of columnTaps) {
                const tap = down.k * kernelWidth + across.k;
                const position = down.at * width + across.at;
                // One chain of products over the channels per tap; a tap's sum is then added with one rounding.
                result[e] =
                  (result[e] as number) +
                  arithmetic.dot({
                    length: own,
                    a: (c) => weights[((first + c) * perGroup + (f % perGroup)) * kernel + tap]!,
                    b: (c) => data[(n * channels + first + c) * height * width + position]!,
                    columns: height * width,
                    transA: true,
                    bias: undefined,
                  });
              }
            }
            if (b !== undefined) result[e] = (result[e] as number) + (b.data[f] as number);
          }
        }
      }
    }
    return result;
  },
  // ∂X = Conv(dY, W) with W's channels as filters; ∂W as a convolution's, with image and positions exchanged.
  vjp: (draft, { attributes, inputs: [x, w, b] }, dy) => {
    const window = windowOf(attributes, shapeOf(draft, w!).slice(2));
    const group = groupOf(attributes);
    return [
      convolve(draft, { x: dy, w: w!, window, group }),
      filterGradient(draft, { image: dy, positions: x!, window, group }),
      ...(b === undefined ? [] : [biasGradient(draft, dy)]),
    ];
  },
  bound: (context) => {
    const shape = shapeOfTransposed(context);
    const { length, x, w, bias } = convTerms(shape, context.element, context.terms);
    const own = shape.x[1]! / shape.group;
    const taps = length / own;
    const [a, b] = [(k: number) => w[k]!, (k: number) => x[k]!];
    const block = kBlock({ n: sizeOf(shape.x.slice(2)), k: own, transA: true, prepacked: false });
    return {
      replay: () => {
        let sum = 0;
        for (let tap = 0; tap < taps; tap++) {
          const at = tap * own;
          sum = Math.fround(
            sum + strictDot({ length: own, a: (c) => w[at + c]!, b: (c) => x[at + c]!, kBlock: block }),
          );
        }
        return bias === undefined ? sum : Math.fround(sum + bias);
      },
      tolerance: () => dotTolerance(exactDot(length, a, b, bias), { length, additions: taps + gemmAdditions(own) }),
      gpu: gpuSum(length, a, b, bias),
    };
  },
  leaf: (context, element) => convReads(shapeOfTransposed(context), element, context.inputs.length === 3),
};

function shapeOfTransposed({
  attributes,
  inputs,
  output,
}: Pick<LeafContext, "attributes" | "inputs" | "output">): ConvShape {
  const [x, w] = [inputs[0]!.shape, inputs[1]!.shape];
  const window = windowOf(attributes, w.slice(2));
  return { window, group: groupOf(attributes), x, w, output: output.shape, transposed: true };
}
