import type { Terms } from "../numerics/dot.ts";
import { dotTolerance, exactDot, gemmAdditions } from "../numerics/exact-dot.ts";
import { denormalTerms, gpuDot } from "../numerics/gpu.ts";
import { binary32 } from "./arithmetic.ts";
import { existing } from "./bounds.ts";
import type { Bound } from "./op.ts";

export type DotTerms = {
  readonly length: number;
  readonly a: ArrayLike<number>;
  readonly b: ArrayLike<number>;
  readonly bias: number | undefined;
  readonly columns: number;
  readonly transA: boolean;
};

/** One element of a product: blocked fma chains in strict, γ·A around the exact sum in tolerant. */
export function dotBound({ length, a, b, bias, columns, transA }: DotTerms): Bound {
  const x = (k: number): number => a[k]!;
  const w = (k: number): number => b[k]!;
  return {
    replay: () => binary32.dot({ length, a: x, b: w, columns, transA, bias }),
    tolerance: () => dotTolerance(exactDot(length, x, w, bias), { length, additions: gemmAdditions(length) }),
    gpu: gpuSum(length, x, w, bias),
  };
}

/** A product or sum in the gpu column: in any order, its denormal terms as they are or as zeros. */
export const gpuSum =
  (length: number, a: Terms, b: Terms = () => 1, bias = 0): Bound["gpu"] =>
  () =>
    existing([gpuDot(exactDot(length, a, b, bias), length, denormalTerms(length, a, b, bias))]);
