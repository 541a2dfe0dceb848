import { constant, type Draft, emit } from "../../graph/draft.ts";
import type { ValueId } from "../../graph/graph.ts";
import { unravel } from "../../ops/broadcast.ts";
import { reshape, scalar, shapeOf, sliceAxis, transpose, where } from "../../ops/build.ts";
import { pad } from "../../ops/spatial.ts";
import { type Shape, sizeOf } from "../../tensor/tensor.ts";
import {
  type ForeignNode,
  fromFront,
  type Handler,
  intOf,
  listOf,
  operand,
  rankOf,
  refuse,
  textOf,
} from "./import-node.ts";
import { constantIn } from "./tensors.ts";

/** Slices of one axis; sizes from the operand, or in equal parts, the last one smaller. */
const split: Handler = (node) => {
  const axis = fromFront(intOf(node, "axis", 0), rankOf(node));
  const x = operand(node, 0);
  const length = shapeOf(node.draft, x)[axis]!;
  const parts = node.proto.output.length;
  const even = Math.ceil(length / parts);
  const sizes =
    listOf(node, "split", 1) ?? Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, length - i * even)));
  let start = 0;
  return sizes.map((size) => {
    const part = sliceAxis(node.draft, x, axis, start, start + size);
    start += size;
    return part;
  });
};

const tile: Handler = (node) =>
  (listOf(node, "repeats", 1) ?? []).reduce<ValueId>(
    (x, times, axis) => (times === 1 ? x : emit(node.draft, "Concat", new Array<ValueId>(times).fill(x), { axis })),
    operand(node, 0),
  );

/** Widths before and after each axis; negative ones crop. */
function widthsOf(node: ForeignNode): { before: number[]; after: number[] } {
  const rank = rankOf(node);
  const pads = listOf(node, "pads", 1) ?? [];
  const axes =
    listOf(node, "axes", 3)?.map((axis) => fromFront(axis, rank)) ?? Array.from({ length: rank }, (_, i) => i);
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  for (const [i, axis] of axes.entries()) {
    before[axis] = pads[i]!;
    after[axis] = pads[axes.length + i]!;
  }
  return { before, after };
}

const cropped = (draft: Draft, x: ValueId, before: readonly number[], after: readonly number[]): ValueId =>
  shapeOf(draft, x).reduce<ValueId>((y, dim, axis) => {
    const [start, end] = [Math.max(0, -before[axis]!), dim - Math.max(0, -after[axis]!)];
    return start === 0 && end === dim ? y : sliceAxis(draft, y, axis, start, end);
  }, x);

const padded: Handler = (node) => {
  const { draft } = node;
  const widths = widthsOf(node);
  const x = cropped(draft, operand(node, 0), widths.before, widths.after);
  const [before, after] = [widths.before, widths.after].map((list) => list.map((width) => Math.max(0, width))) as [
    number[],
    number[],
  ];
  const mode = textOf(node, "mode", "constant");
  if (mode === "edge" || mode === "reflect") return mirrored(draft, x, before, after, mode === "edge");
  if (mode !== "constant") throw refuse(node, `mode ${mode}`, "Use constant, edge or reflect.");
  const value = node.inputs[2] === undefined ? 0 : Number(constantIn(draft, node.inputs[2])?.data[0] ?? Number.NaN);
  const y = pad(draft, x, before, after);
  if (value === 0) return y;
  if (Number.isNaN(value)) throw refuse(node, "its value depends on data", "Pad with a constant.");
  return where(draft, insideMask(draft, shapeOf(draft, x), before, after), y, scalar(draft, value));
};

/** True where the operand lies; axes without padding are left to broadcasting. */
function insideMask(draft: Draft, shape: Shape, before: readonly number[], after: readonly number[]): ValueId {
  const kept = shape.map((dim, axis) => (before[axis]! + after[axis]! === 0 ? 1 : before[axis]! + dim + after[axis]!));
  const data = Uint8Array.from({ length: sizeOf(kept) }, (_, element) => {
    const index = unravel(element, kept);
    const inside = index.every(
      (at, axis) => kept[axis] === 1 || (at >= before[axis]! && at < before[axis]! + shape[axis]!),
    );
    return Number(inside);
  });
  return constant(draft, { dtype: "bool", shape: kept, data });
}

/** Repeats the outermost elements, or those beside them in reverse. */
function mirrored(
  draft: Draft,
  x: ValueId,
  before: readonly number[],
  after: readonly number[],
  edge: boolean,
): ValueId {
  return shapeOf(draft, x).reduce<ValueId>((y, dim, axis) => {
    const one = (at: number) => sliceAxis(draft, y, axis, at, at + 1);
    const left = Array.from({ length: before[axis]! }, (_, i) => one(edge ? 0 : before[axis]! - i));
    const right = Array.from({ length: after[axis]! }, (_, i) => one(edge ? dim - 1 : dim - 2 - i));
    return left.length + right.length === 0 ? y : emit(draft, "Concat", [...left, y, ...right], { axis });
  }, x);
}

/** Blocks of channels become blocks of pixels. */
const depthToSpace: Handler = (node) => {
  const { draft } = node;
  const x = operand(node, 0);
  const [images, channels, height, width] = shapeOf(draft, x) as [number, number, number, number];
  const block = intOf(node, "blocksize", 1);
  const depth = channels / (block * block);
  const columnsFirst = textOf(node, "mode", "DCR") === "CRD";
  const seen = columnsFirst
    ? [images, depth, block, block, height, width]
    : [images, block, block, depth, height, width];
  const turned = transpose(draft, reshape(draft, x, seen), columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
  return reshape(draft, turned, [images, depth, height * block, width * block]);
};

const spaceToDepth: Handler = (node) => {
  const { draft } = node;
  const x = operand(node, 0);
  const [images, channels, height, width] = shapeOf(draft, x) as [number, number, number, number];
  const block = intOf(node, "blocksize", 1);
  const [rows, columns] = [height / block, width / block];
  const turned = transpose(
    draft,
    reshape(draft, x, [images, channels, rows, block, columns, block]),
    [0, 3, 5, 1, 2, 4],
  );
  return reshape(draft, turned, [images, channels * block * block, rows, columns]);
};

/** Ops that only move elements. */
export const movementHandlers: Readonly<Record<string, Handler>> = {
  DepthToSpace: depthToSpace,
  Pad: padded,
  SpaceToDepth: spaceToDepth,
  Split: split,
  Tile: tile,
};
