import { emit } from "../../graph/draft.ts";
import type { ValueId } from "../../graph/graph.ts";
import { batchNorm, normalised } from "../../ops/batch-norm.ts";
import { reshape, shapeOf } from "../../ops/build.ts";
import { convolve, convolveTransposed } from "../../ops/convolve.ts";
import { averagePooled, globalAveragePooled, maxPooled } from "../../ops/pool.ts";
import { axesOfWindow, type Window, type WindowAxis } from "../../ops/window.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { type ForeignNode, floatOf, type Handler, intOf, listOf, operand, refuse, textOf } from "./import-node.ts";

/** [N, C, L] seen as images of one row. */
const asImages = (node: ForeignNode, index: number): ValueId => {
  const id = operand(node, index);
  const shape = shapeOf(node.draft, id);
  if (shape.length === 4) return id;
  if (shape.length !== 3) throw refuse(node, `${shape.length - 2} spatial axes`, "One or two are supported.");
  return reshape(node.draft, id, [shape[0]!, shape[1]!, 1, shape[2]!]);
};

/** Back to as many axes as the first operand has. */
const asGiven = (node: ForeignNode, y: ValueId): ValueId => {
  const [images, channels, , width] = shapeOf(node.draft, y) as [number, number, number, number];
  const given = shapeOf(node.draft, operand(node, 0)).length;
  return given === 4 ? y : reshape(node.draft, y, [images, channels, width]);
};

/** A list over the spatial axes, with what it is for the row that a one-dimensional operand gets. */
function spatial(node: ForeignNode, name: string, otherwise: number): number[] {
  const flat = shapeOf(node.draft, operand(node, 0)).length === 3;
  const list = listOf(node, name);
  if (list === undefined) return [otherwise, otherwise];
  return flat ? [otherwise, ...list] : [...list];
}

function padsOf(node: ForeignNode): number[] {
  const pads = listOf(node, "pads");
  if (pads === undefined) return [0, 0, 0, 0];
  return pads.length === 2 ? [0, pads[0]!, 0, pads[1]!] : [...pads];
}

/** The window as written, with `auto_pad` worked out for the image's size. */
function windowOf(node: ForeignNode, kernel: readonly number[], image: Shape): Window {
  const mode = textOf(node, "auto_pad", "NOTSET");
  const window = {
    kernel,
    strides: spatial(node, "strides", 1),
    dilations: spatial(node, "dilations", 1),
    pads: mode === "VALID" ? [0, 0, 0, 0] : padsOf(node),
  };
  if (!mode.startsWith("SAME")) return window;
  const widths = axesOfWindow(window, image).map(({ size, kernel: taps, stride, dilation }) =>
    Math.max(0, (Math.ceil(size / stride) - 1) * stride + dilation * (taps - 1) + 1 - size),
  );
  const less = widths.map((width) => Math.floor(width / 2));
  const more = widths.map((width) => Math.ceil(width / 2));
  return { ...window, pads: mode === "SAME_UPPER" ? [...less, ...more] : [...more, ...less] };
}

/** With `ceil_mode` a last window may reach beyond the image, if it starts inside of it or of the padding before it. */
function rounded(node: ForeignNode, window: Window, image: Shape): Window {
  if (intOf(node, "ceil_mode", 0) === 0) return window;
  const beyond = axesOfWindow(window, image).map((axis) => {
    const { size, kernel, stride, dilation, begin, end } = axis;
    const taps = dilation * (kernel - 1) + 1;
    const count = Math.ceil((size + begin + end - taps) / stride) + 1;
    const inside = (count - 1) * stride >= size + begin ? count - 1 : count;
    return Math.max(0, (inside - 1) * stride + taps - (size + begin + end));
  });
  const [top, left, bottom, right] = window.pads as [number, number, number, number];
  return { ...window, pads: [top, left, bottom + beyond[0]!, right + beyond[1]!] };
}

const conv: Handler = (node) => {
  const [x, w] = [asImages(node, 0), asImages(node, 1)];
  const bias = node.inputs[2];
  const window = windowOf(node, shapeOf(node.draft, w).slice(2), shapeOf(node.draft, x));
  const group = intOf(node, "group", 1);
  return asGiven(node, convolve(node.draft, { x, w, window, group, ...(bias === undefined ? {} : { bias }) }));
};

/** `output_shape` and the SAME modes say how much of the full result is cropped. */
const convTranspose: Handler = (node) => {
  const [x, w] = [asImages(node, 0), asImages(node, 1)];
  const bias = node.inputs[2];
  const kernel = shapeOf(node.draft, w).slice(2);
  const widened = spatial(node, "output_padding", 0);
  const mode = textOf(node, "auto_pad", "NOTSET");
  const window: Window = {
    kernel,
    strides: spatial(node, "strides", 1),
    dilations: spatial(node, "dilations", 1),
    pads: mode === "NOTSET" ? padsOf(node) : [0, 0, 0, 0],
  };
  const asked = listOf(node, "output_shape")?.slice(-2);
  const axes = axesOfWindow(window, shapeOf(node.draft, x));
  const sizes = mode.startsWith("SAME") ? axes.map(({ size, stride }) => size * stride) : asked;
  const cropped = sizes === undefined ? { ...window, widened } : croppedTo(window, axes, sizes, widened, mode);
  const group = intOf(node, "group", 1);
  return asGiven(
    node,
    convolveTransposed(node.draft, {
      x,
      w,
      window: cropped,
      group,
      widened: cropped.widened,
      ...(bias === undefined ? {} : { bias }),
    }),
  );
};

function croppedTo(
  window: Window,
  axes: readonly WindowAxis[],
  sizes: readonly number[],
  widened: readonly number[],
  mode: string,
): Window & { readonly widened: readonly number[] } {
  const surplus = axes.map(
    ({ size, kernel, stride, dilation }, i) =>
      stride * (size - 1) + widened[i]! + dilation * (kernel - 1) + 1 - (sizes.at(i - 2) ?? 0),
  );
  const cut = surplus.map((width) => Math.max(0, width));
  const less = cut.map((width) => Math.floor(width / 2));
  const more = cut.map((width) => Math.ceil(width / 2));
  return {
    ...window,
    pads: mode === "SAME_UPPER" ? [...less, ...more] : [...more, ...less],
    widened: widened.map((width, i) => width + Math.max(0, -surplus[i]!)),
  };
}

const kernelOf = (node: ForeignNode): number[] => spatial(node, "kernel_shape", 1);

const maxPool: Handler = (node) => {
  if ((node.proto.output[1] ?? "") !== "") throw refuse(node, "it gives indices", "Only the maxima are supported.");
  const x = asImages(node, 0);
  const image = shapeOf(node.draft, x);
  return asGiven(node, maxPooled(node.draft, x, rounded(node, windowOf(node, kernelOf(node), image), image)));
};

const averagePool: Handler = (node) => {
  const x = asImages(node, 0);
  const image = shapeOf(node.draft, x);
  const plain = windowOf(node, kernelOf(node), image);
  const window = rounded(node, plain, image);
  const countPadding = intOf(node, "count_include_pad", 0) === 1;
  if (countPadding && window.pads.some((width, i) => width !== plain.pads[i])) {
    throw refuse(node, "it counts padding and rounds its size up", "Write the padding as a Pad.");
  }
  return asGiven(node, averagePooled(node.draft, x, window, countPadding));
};

const batchNormalization: Handler = (node) => {
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => operand(node, i)) as [
    ValueId,
    ValueId,
    ValueId,
    ValueId,
  ];
  const of = { scale, shift, mean, variance };
  const epsilon = floatOf(node, "epsilon", 1e-5);
  if (intOf(node, "training_mode", 0) === 0) return normalised(node.draft, operand(node, 0), of, epsilon);
  const momentum = floatOf(node, "momentum", 0.9);
  const trained = batchNorm(node.draft, operand(node, 0), of, { epsilon, momentum });
  return [trained.y, trained.mean, trained.variance];
};

const globalMaxPool: Handler = (node) => {
  const shape = shapeOf(node.draft, operand(node, 0));
  const axes = shape.map((_, axis) => axis).slice(2);
  return emit(node.draft, "ReduceMax", [operand(node, 0)], { axes, keepdims: 1 });
};

/** Nearest-neighbour enlargement by whole factors, the same by all of ONNX's conventions but `align_corners`. */
const resize: Handler = (node) => {
  const x = operand(node, 0);
  const shape = shapeOf(node.draft, x);
  const sizes =
    listOf(node, "sizes", 3) ?? (listOf(node, "scales", 2) ?? []).map((scale, axis) => scale * shape[axis]!);
  const mode = textOf(node, "coordinate_transformation_mode", "half_pixel");
  const nearest = textOf(node, "nearest_mode", "round_prefer_floor");
  const plain =
    (mode === "half_pixel" && nearest.startsWith("round")) || (mode === "asymmetric" && nearest === "floor");
  if (textOf(node, "mode", "nearest") !== "nearest" || !plain) {
    throw refuse(node, `mode ${textOf(node, "mode", "nearest")}, ${mode}, ${nearest}`, "Enlarge by nearest neighbour.");
  }
  return emit(node.draft, "Resize", [x], { sizes });
};

/** Ops that slide a window over images, and what stands beside them in convolutional networks. */
export const windowHandlers: Readonly<Record<string, Handler>> = {
  AveragePool: averagePool,
  BatchNormalization: batchNormalization,
  Conv: conv,
  ConvTranspose: convTranspose,
  GlobalAveragePool: (node) => globalAveragePooled(node.draft, operand(node, 0)),
  GlobalMaxPool: globalMaxPool,
  MaxPool: maxPool,
  Resize: resize,
};
