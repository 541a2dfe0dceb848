import { AnhError } from "../../common/errors.ts";
import type { EncodedNode, EncodedValue } from "../../common/graph-encoding.ts";
import type { LeafRead } from "../model/leaf.ts";

/** Elements `first … first + count − 1` of what stands at `value.place`, `value.index`. */
export interface Read {
  /** −1: the node's output. */
  readonly operand: number;
  readonly value: EncodedValue;
  readonly first: number;
  readonly count: number;
}

/** Something that no witness can show: a node, place or layout that is not there. */
export class NoLeafError extends AnhError {}

export const outputRead = (node: EncodedNode, element: number): Read => ({
  operand: -1,
  value: node.outputs[0]!,
  first: element,
  count: 1,
});

/** Where L1 finds an operand's read: in its reading layout where it has one (P5.4). */
export function operandRead(
  node: EncodedNode,
  { operand, start, count }: Pick<LeafRead, "operand" | "start" | "count">,
): Read {
  const { value, layout, layoutPlace, layoutIndex } = node.inputs[operand]!;
  const committed = layout.length === 0 ? value : { ...value, place: layoutPlace, index: layoutIndex };
  return { operand, value: committed, first: start, count };
}
