import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { reshape, shapeOf } from "./build.ts";

export type Product = {
  readonly a: ValueId;
  readonly b: ValueId;
  readonly bias?: ValueId;
  readonly transA?: boolean;
  readonly transB?: boolean;
};

/**
 * A two-dimensional product in canonical form. The runtime takes other paths, with other summation orders, when the
 * result has one row or one column, unless the single row of A is stored as a column (transA) and the single column
 * of B as a row (transB).
 */
export function product(draft: Draft, { a, b, bias, transA = false, transB = false }: Product): ValueId {
  const [rowsA, columnsA] = shapeOf(draft, a) as [number, number];
  const [rowsB, columnsB] = shapeOf(draft, b) as [number, number];
  const m = transA ? columnsA : rowsA;
  const k = transA ? rowsA : columnsA;
  const n = transB ? rowsB : columnsB;
  const turnA = m === 1 && !transA;
  const turnB = n === 1 && !transB;
  const inputs = [turnA ? reshape(draft, a, [k, 1]) : a, turnB ? reshape(draft, b, [1, k]) : b];
  return emit(draft, "Gemm", bias === undefined ? inputs : [...inputs, bias], {
    transA: Number(transA || turnA),
    transB: Number(transB || turnB),
  });
}
