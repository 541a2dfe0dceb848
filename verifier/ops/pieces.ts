import type { Draft } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { add, shapeOf, sliceAxis } from "./build.ts";

/** Longest sum of one node: a leaf of twice as many terms would come near what one transaction can judge. */
export const LONGEST = 4096;

/** A sum over the named axis of each operand, in pieces where it is too long for one node. */
export function inPieces(
  draft: Draft,
  operands: readonly { readonly id: ValueId; readonly axis: number }[],
  sum: (pieces: readonly ValueId[]) => ValueId,
): ValueId {
  const length = shapeOf(draft, operands[0]!.id)[operands[0]!.axis]!;
  if (length <= LONGEST) return sum(operands.map(({ id }) => id));
  const count = Math.ceil(length / LONGEST);
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [Math.floor((i * length) / count), Math.floor(((i + 1) * length) / count)];
    return sum(operands.map(({ id, axis }) => sliceAxis(draft, id, axis, start, end)));
  }).reduce((a, b) => add(draft, a, b));
}
