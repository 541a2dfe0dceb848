import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { add, reshape, shapeOf, sliceAxis } from "./build.ts";
import { pad } from "./spatial.ts";
import { axesOfWindow, positions, type Window } from "./window.ts";

export type Convolution = {
  readonly x: ValueId;
  readonly w: ValueId;
  readonly bias?: ValueId;
  readonly window: Window;
  readonly group: number;
};

const attributesOf = (window: Window, group: number) => ({
  dilations: window.dilations,
  group,
  pads: window.pads,
  strides: window.strides,
});

const widerBy = (window: Window, columns: number): Window => {
  const [top, left, bottom, right] = window.pads as [number, number, number, number];
  return { ...window, pads: [top, left, bottom, right + columns] };
};

/**
 * A convolution in canonical form. The runtime takes other paths, with other summation orders, for a single position and for
 * a single filter per group: the former gets a second position in the padding, the latter each filter twice.
 */
export function convolve(draft: Draft, { x, w, bias, window, group }: Convolution): ValueId {
  const [height, width] = axesOfWindow(window, shapeOf(draft, x)).map(positions) as [number, number];
  if (height * width === 1) {
    const wide = convolve(draft, {
      x,
      w,
      ...(bias === undefined ? {} : { bias }),
      window: widerBy(window, window.strides[1]!),
      group,
    });
    return sliceAxis(draft, wide, 3, 0, 1);
  }
  const filters = shapeOf(draft, w);
  const operands = bias === undefined ? [x, w] : [x, w, bias];
  if (filters[0] !== group) return emit(draft, "Conv", operands, attributesOf(window, group));
  const one = reshape(draft, w, [group, 1, ...filters.slice(1)]);
  const twice = reshape(draft, emit(draft, "Concat", [one, one], { axis: 1 }), [2 * group, ...filters.slice(1)]);
  const y = emit(draft, "Conv", [x, twice], attributesOf(window, group));
  const [images] = shapeOf(draft, y) as [number];
  const pairs = sliceAxis(draft, reshape(draft, y, [images, group, 2, height, width]), 2, 0, 1);
  const single = reshape(draft, pairs, [images, group, height, width]);
  return bias === undefined ? single : add(draft, single, reshape(draft, bias, [group, 1, 1]));
}

/** A transposed convolution in canonical form: images of one position get a second one, of zeros, whose window is cropped. */
export function convolveTransposed(
  draft: Draft,
  { x, w, bias, window, group, widened }: Convolution & { readonly widened: readonly number[] },
): ValueId {
  const single = sizeOf(shapeOf(draft, x).slice(2)) === 1;
  const images = single ? pad(draft, x, [0, 0, 0, 0], [0, 0, 0, 1]) : x;
  const wider = single ? widerBy(window, window.strides[1]!) : window;
  return emit(draft, "ConvTranspose", bias === undefined ? [images, w] : [images, w, bias], {
    ...attributesOf(wider, group),
    output_padding: widened,
  });
}
