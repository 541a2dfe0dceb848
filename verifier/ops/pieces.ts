import type { Draft } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { add, shapeOf, sliceAxis } from "./build.ts";

/** Longest sum of one node: a leaf of twice as many terms would come near what one transaction can judge. */
export const LONGEST = 4096;

export type Summed = { readonly id: ValueId; readonly axis: number };

/** A sum over the named axis of each operand, in pieces where it is longer than one node may have it. */
export const inPieces = (
  draft: Draft,
  operands: readonly Summed[],
  sum: (pieces: readonly ValueId[]) => ValueId,
  most = LONGEST,
): ValueId =>
  piecesOf(draft, operands, most)
    .map(sum)
    .reduce((a, b) => add(draft, a, b));

/** The operands, cut alike along the named axes; the operands themselves where they are short enough. */
export function piecesOf(draft: Draft, operands: readonly Summed[], most: number): ValueId[][] {
  const length = shapeOf(draft, operands[0]!.id)[operands[0]!.axis]!;
  if (length <= most) return [operands.map(({ id }) => id)];
  const count = Math.ceil(length / most);
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [Math.floor((i * length) / count), Math.floor(((i + 1) * length) / count)];
    return operands.map(({ id, axis }) => sliceAxis(draft, id, axis, start, end));
  });
}
