import type * as onnx from "onnx-buf";
import type { Draft } from "../../graph/draft.ts";
import type { ValueId } from "../../graph/graph.ts";
import { shapeOf } from "../../ops/build.ts";
import { UnsupportedModelError } from "../errors.ts";
import { constantIn } from "./tensors.ts";

/** A node of a foreign model as its handler sees it. */
export type ForeignNode = {
  readonly name: string;
  readonly op: string;
  readonly opset: number;
  readonly draft: Draft;
  /** Operands in order; undefined where an optional one is left out. */
  readonly inputs: readonly (ValueId | undefined)[];
  readonly proto: onnx.NodeProto;
};

/** Compiles one foreign node to primitives in canonical form; returns its (first) output, or all of them. */
export type Handler = (node: ForeignNode) => ValueId | readonly ValueId[];

export const refuse = (node: ForeignNode, what: string, hint: string): UnsupportedModelError =>
  new UnsupportedModelError(`${node.name} (${node.op}, opset ${node.opset})`, what, hint);

export function operand(node: ForeignNode, index: number): ValueId {
  const id = node.inputs[index];
  if (id === undefined) throw refuse(node, `operand ${index} is missing`, "The model is not valid ONNX.");
  return id;
}

const attribute = (node: ForeignNode, name: string): onnx.AttributeProto | undefined =>
  node.proto.attribute.find((candidate) => candidate.name === name);

export const intOf = (node: ForeignNode, name: string, fallback: number): number => {
  const found = attribute(node, name);
  return found === undefined ? fallback : Number(found.i);
};

export const floatOf = (node: ForeignNode, name: string, fallback: number): number =>
  attribute(node, name)?.f ?? fallback;

export const textOf = (node: ForeignNode, name: string, fallback: string): string => {
  const found = attribute(node, name);
  return found === undefined ? fallback : new TextDecoder().decode(found.s);
};

/** A list of integers given as an attribute (older opsets) or as a constant operand. */
export function listOf(node: ForeignNode, name: string, index?: number): readonly number[] | undefined {
  const found = attribute(node, name);
  if (found !== undefined) return found.ints.map(Number);
  const id = index === undefined ? undefined : node.inputs[index];
  if (id === undefined) return undefined;
  const constant = constantIn(node.draft, id);
  if (constant === undefined) {
    throw refuse(
      node,
      `its ${name} depend on data`,
      "Export the model with fixed shapes (no dynamic axes but the batch).",
    );
  }
  return Array.from(constant.data as ArrayLike<number | bigint>, Number);
}

/** An axis counted from the front. */
export const fromFront = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

export const rankOf = (node: ForeignNode, index = 0): number => shapeOf(node.draft, operand(node, index)).length;

/** The named axes, from the front and ascending; all of them if none is named. */
export function axesFrom(node: ForeignNode, index = 1): readonly number[] {
  const rank = rankOf(node);
  const axes = listOf(node, "axes", index);
  const named = axes === undefined || axes.length === 0 ? Array.from({ length: rank }, (_, axis) => axis) : axes;
  return named.map((axis) => fromFront(axis, rank)).sort((a, b) => a - b);
}
