import { constant, type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mul, reshape, scalar, shapeOf, transpose, where } from "./build.ts";
import { rotary } from "./rotary.ts";
import { softmax } from "./softmax.ts";

/** What a masked score becomes: e^−1e9 is 0, and unlike −∞ it is a number. */
const MASKED = -1e9;

/** True where position j lies after position i: [positions, positions]. */
export function causalMask(positions: number): Tensor {
  const data = Uint8Array.from({ length: positions ** 2 }, (_, k) => Number(k % positions > Math.floor(k / positions)));
  return { dtype: "bool", shape: [positions, positions], data };
}

/**
 * softmax(q·kᵀ/√width)·v over `heads` parts of [batch, positions, dim] each, for every position over those up to it.
 * With `rotaryBase` queries and keys are turned by their position first.
 */
export function causalAttention(
  draft: Draft,
  [q, k, v]: readonly [ValueId, ValueId, ValueId],
  { heads, rotaryBase }: { heads: number; rotaryBase?: number | undefined },
): ValueId {
  const [batch, positions, dim] = shapeOf(draft, q) as [number, number, number];
  const width = dim / heads;
  const split = (x: ValueId) => reshape(draft, x, [batch, positions, heads, width]);
  const turned = (x: ValueId) => (rotaryBase === undefined ? x : rotary(draft, x, rotaryBase));
  const queries = turned(transpose(draft, split(q), [0, 2, 1, 3]));
  const keys =
    rotaryBase === undefined
      ? transpose(draft, split(k), [0, 2, 3, 1])
      : transpose(draft, turned(transpose(draft, split(k), [0, 2, 1, 3])), [0, 1, 3, 2]);
  const scores = mul(draft, emit(draft, "MatMul", [queries, keys]), scalar(draft, 1 / Math.sqrt(width)));
  const mask = constant(draft, causalMask(positions));
  const weights = softmax(draft, where(draft, mask, scalar(draft, MASKED), scores));
  const mixed = emit(draft, "MatMul", [weights, transpose(draft, split(v), [0, 2, 1, 3])]);
  return reshape(draft, transpose(draft, mixed, [0, 2, 1, 3]), [batch, positions, dim]);
}
