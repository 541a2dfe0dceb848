import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { LONGEST, piecesOf } from "./pieces.ts";

/**
 * x with each update added to the row of its column that its index names, in their order: the gradient of a lookup. As many
 * nodes one behind the other as the updates are too long for one; the additions and their order are the same.
 */
export function scatterAdd(draft: Draft, x: ValueId, indices: ValueId, updates: ValueId): ValueId {
  const operands = [indices, updates].map((id) => ({ id, axis: 0 }));
  return piecesOf(draft, operands, LONGEST).reduce(
    (sum, piece) => emit(draft, "ScatterElements", [sum, ...piece], { axis: 0 }),
    x,
  );
}
