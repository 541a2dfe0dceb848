import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { add, reshape, shapeOf, sliceAxis } from "./build.ts";
import { inPieces } from "./pieces.ts";
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

/** Most products of one element: as many as one proof adds up (docs/numerics.md N5.3). */
const MOST_TERMS = 8_192;

/** Channels whose products with a kernel are no more than that; one channel's always are in one sum. */
const mostChannels = ({ kernel }: Window): number => Math.max(1, Math.floor(MOST_TERMS / sizeOf(kernel)));

/** The channels of each group on an axis of their own, so that equally many of each can be cut off. */
function byGroup(draft: Draft, x: ValueId, group: number): ValueId {
  const [images, channels, ...spots] = shapeOf(draft, x) as [number, number, ...number[]];
  return reshape(draft, x, [images, group, channels / group, ...spots]);
}

function joined(draft: Draft, x: ValueId): ValueId {
  const [images, group, own, ...spots] = shapeOf(draft, x) as [number, number, number, ...number[]];
  return reshape(draft, x, [images, group * own, ...spots]);
}

const biased = (draft: Draft, y: ValueId, bias: ValueId | undefined): ValueId =>
  bias === undefined ? y : add(draft, y, reshape(draft, bias, [...shapeOf(draft, bias), 1, 1]));

const widerBy = (window: Window, columns: number): Window => {
  const [top, left, bottom, right] = window.pads as [number, number, number, number];
  return { ...window, pads: [top, left, bottom, right + columns] };
};

/**
 * A convolution in canonical form. The runtime takes other paths, with other summation orders, for a single position and for
 * a single filter per group: the former gets a second position in the padding, the latter each filter twice. Over more
 * channels than one node may add up it is a sum of convolutions.
 */
export function convolve(draft: Draft, { x, w, bias, window, group }: Convolution): ValueId {
  const most = mostChannels(window);
  if (shapeOf(draft, w)[1]! > most) {
    const operands = [
      { id: byGroup(draft, x, group), axis: 2 },
      { id: w, axis: 1 },
    ];
    const sum = inPieces(
      draft,
      operands,
      ([image, filters]) => convolve(draft, { x: joined(draft, image!), w: filters!, window, group }),
      most,
    );
    return biased(draft, sum, bias);
  }
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
  return biased(draft, single, bias);
}

/**
 * A transposed convolution in canonical form: images of one position get a second one, of zeros, whose window is cropped. Over
 * more channels than one node may add up it is a sum of such.
 */
export function convolveTransposed(
  draft: Draft,
  { x, w, bias, window, group, widened }: Convolution & { readonly widened: readonly number[] },
): ValueId {
  const most = mostChannels(window);
  const [channels, ...filters] = shapeOf(draft, w) as [number, ...number[]];
  if (channels / group > most) {
    const operands = [
      { id: byGroup(draft, x, group), axis: 2 },
      { id: reshape(draft, w, [group, channels / group, ...filters]), axis: 1 },
    ];
    const sum = inPieces(
      draft,
      operands,
      ([image, own]) => {
        const piece = reshape(draft, own!, [group * shapeOf(draft, own!)[1]!, ...filters]);
        return convolveTransposed(draft, { x: joined(draft, image!), w: piece, window, group, widened });
      },
      most,
    );
    return biased(draft, sum, bias);
  }
  const single = sizeOf(shapeOf(draft, x).slice(2)) === 1;
  const images = single ? pad(draft, x, [0, 0, 0, 0], [0, 0, 0, 1]) : x;
  const wider = single ? widerBy(window, window.strides[1]!) : window;
  return emit(draft, "ConvTranspose", bias === undefined ? [images, w] : [images, w, bias], {
    ...attributesOf(wider, group),
    output_padding: widened,
  });
}
