import type { Draft } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { add, div, greater, mul, scalar, sqrt, where } from "../ops/build.ts";
import { total } from "../ops/sums.ts";

/** √Σg² over all elements of all gradients, as a scalar. */
export const globalNorm = (draft: Draft, gradients: readonly ValueId[]): ValueId =>
  sqrt(
    draft,
    gradients.map((g) => total(draft, mul(draft, g, g))).reduce((sum, square) => add(draft, sum, square)),
  );

/** Gradients longer than `norm` together, shortened to it (Pascanu et al., 2013). */
export function clipGradients(draft: Draft, gradients: readonly ValueId[], norm: number): ValueId[] {
  const length = globalNorm(draft, gradients);
  const limit = scalar(draft, norm);
  const one = scalar(draft, 1);
  const factor = where(
    draft,
    greater(draft, length, limit),
    div(draft, limit, where(draft, greater(draft, length, limit), length, one)),
    one,
  );
  return gradients.map((g) => mul(draft, g, factor));
}
