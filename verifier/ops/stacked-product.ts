import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { shapeOf, sliceAxis } from "./build.ts";

/**
 * A MatMul of stacked matrices in canonical form. The runtime takes other paths, with other summation orders, for results of
 * one row or one column: there the row or column is computed twice.
 */
export function stackedProduct(draft: Draft, a: ValueId, b: ValueId): ValueId {
  const [rank, rankB] = [shapeOf(draft, a).length, shapeOf(draft, b).length];
  const oneRow = shapeOf(draft, a).at(-2) === 1;
  const oneColumn = shapeOf(draft, b).at(-1) === 1;
  const left = oneRow ? emit(draft, "Concat", [a, a], { axis: rank - 2 }) : a;
  const right = oneColumn ? emit(draft, "Concat", [b, b], { axis: rankB - 1 }) : b;
  const y = emit(draft, "MatMul", [left, right]);
  const last = shapeOf(draft, y).length - 1;
  const rows = oneRow ? sliceAxis(draft, y, last - 1, 0, 1) : y;
  return oneColumn ? sliceAxis(draft, rows, last, 0, 1) : rows;
}
