import { composite, type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { div, exp, log, mul, shapeOf, sub } from "./build.ts";
import { ShapeError } from "./errors.ts";
import { rowSum } from "./sums.ts";

/** x − max x, its exponentials, their row sums, over the last axis. */
export function shifted(draft: Draft, x: ValueId): { z: ValueId; e: ValueId; sums: ValueId } {
  const rank = shapeOf(draft, x).length;
  if (rank === 0) throw new ShapeError("a tensor of rank ≥ 1 for softmax", "a scalar");
  const z = sub(draft, x, emit(draft, "ReduceMax", [x], { axes: [rank - 1], keepdims: 1 }));
  const e = exp(draft, z);
  return { z, e, sums: rowSum(draft, e) };
}

/** Softmax over the last axis as primitives; it has no rule of its own. */
export const softmax = (draft: Draft, x: ValueId): ValueId =>
  composite(draft, [x], () => {
    const { e, sums } = shifted(draft, x);
    const y = div(draft, e, sums);
    return {
      output: y,
      // dx = y·dy − y·Σ(y·dy)
      vjp: (dy) => {
        const weighted = mul(draft, dy, y);
        return [sub(draft, weighted, mul(draft, y, rowSum(draft, weighted)))];
      },
    };
  });

export const logSoftmax = (draft: Draft, x: ValueId): ValueId =>
  composite(draft, [x], () => {
    const { z, e, sums } = shifted(draft, x);
    return {
      output: sub(draft, z, log(draft, sums)),
      // dx = dy − softmax(x)·Σdy, from e and its sums so that no gradient descends from Log
      vjp: (dy) => [sub(draft, dy, mul(draft, div(draft, e, sums), rowSum(draft, dy)))],
    };
  });
