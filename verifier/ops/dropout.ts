import { type Draft, maskInput } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { mul, scalar, shapeOf, where } from "./build.ts";
import { ShapeError } from "./errors.ts";

/** Each element kept with probability 1 − rate, and then scaled by 1/(1 − rate), else 0; a new mask each step. */
export function dropout(draft: Draft, x: ValueId, rate: number): ValueId {
  if (!(rate >= 0 && rate < 1)) throw new ShapeError("a dropout rate in [0, 1)", String(rate));
  if (rate === 0) return x;
  const kept = maskInput(draft, shapeOf(draft, x), Math.round((1 - rate) * 2 ** 32));
  return where(draft, kept, mul(draft, x, scalar(draft, 1 / (1 - rate))), scalar(draft, 0));
}
