import type { Attributes } from "../graph/graph.ts";
import type { Shape } from "../tensor/tensor.ts";
import { intAttribute, listAttribute } from "./attributes.ts";
import { ShapeError } from "./errors.ts";

/** How a window slides over the two spatial axes of [N, C, H, W]; pads are [top, left, bottom, right] as in ONNX. */
export type Window = {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
};

/** One spatial axis: tap k of window position o lies at o·stride + k·dilation − begin of the image. */
export type WindowAxis = {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
};

/** Tap k of a window and the position it reads, inside of the image. */
export type Tap = { readonly k: number; readonly at: number };

export function windowOf(attributes: Attributes, kernel: readonly number[]): Window {
  const window = {
    kernel,
    strides: listAttribute(attributes, "strides"),
    pads: listAttribute(attributes, "pads"),
    dilations: listAttribute(attributes, "dilations"),
  };
  const { strides, pads, dilations } = window;
  const right =
    kernel.length === 2 &&
    strides.length === 2 &&
    dilations.length === 2 &&
    pads.length === 4 &&
    [...kernel, ...strides, ...dilations].every((item) => item >= 1) &&
    pads.every((pad) => pad >= 0);
  if (!right) {
    throw new ShapeError(
      "kernel, strides and dilations of two axes ≥ 1 and four pads ≥ 0",
      `[${kernel}], [${strides}], [${dilations}], [${pads}]`,
    );
  }
  return window;
}

export const groupOf = (attributes: Attributes): number => intAttribute(attributes, "group");

/** The axes of height and width of an image [N, C, H, W]. */
export const axesOfWindow = ({ kernel, strides, pads, dilations }: Window, image: Shape): [WindowAxis, WindowAxis] => {
  const axis = (i: 0 | 1): WindowAxis => ({
    size: image[2 + i]!,
    kernel: kernel[i]!,
    stride: strides[i]!,
    dilation: dilations[i]!,
    begin: pads[i]!,
    end: pads[2 + i]!,
  });
  return [axis(0), axis(1)];
};

/** Positions a window takes along an axis; below 1: it does not fit. */
export const positions = ({ size, kernel, stride, dilation, begin, end }: WindowAxis): number =>
  Math.floor((size + begin + end - dilation * (kernel - 1) - 1) / stride) + 1;

/** Size of what a transposed convolution makes of an axis: each position spreads into a window. */
export const spread = ({ size, kernel, stride, dilation, begin, end }: WindowAxis): number =>
  (size - 1) * stride + dilation * (kernel - 1) + 1 - begin - end;

/** What window position `o` reads of an axis, ascending in k; taps in the padding are left out. */
export const tapsAt = (axis: WindowAxis, o: number): Tap[] =>
  allTaps(axis, (k) => o * axis.stride + k * axis.dilation - axis.begin);

/** The positions whose spread windows cover output position `o`, ascending in k. */
export const spreadTapsAt = (axis: WindowAxis, o: number): Tap[] =>
  allTaps(axis, (k) => (o + axis.begin - k * axis.dilation) / axis.stride);

const allTaps = ({ size, kernel }: WindowAxis, at: (k: number) => number): Tap[] =>
  Array.from({ length: kernel }, (_, k) => ({ k, at: at(k) })).filter(
    (tap) => Number.isInteger(tap.at) && tap.at >= 0 && tap.at < size,
  );

/** The lowest position of some taps, and how many positions they span. */
export function spanOf(taps: readonly Tap[]): { first: number; count: number } {
  const at = taps.map((tap) => tap.at);
  const first = Math.min(...at);
  return { first, count: Math.max(...at) - first + 1 };
}
