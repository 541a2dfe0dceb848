import type { Attributes } from "../../verifier/graph/graph.ts";
import { gemmAdditions } from "../../verifier/numerics/exact-dot.ts";
import { FLOAT32_MIN_DENORMAL, nextDown, nextUp } from "../../verifier/numerics/float32.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";

/** Roundings besides the additions (docs/numerics.md N3.1). */
const EXTRA_ROUNDINGS = 3;
/** Stays inside the window although it is reckoned in double precision, whose error is below 2⁻²⁰ of it. */
const INSIDE = 1 - 2 ** -20;

/**
 * A Gemm of which each element lies `times` tolerances above (direction > 0) or below (< 0) the exact one, as
 * S ± times·(γ·A + n·2⁻¹⁴⁹) (docs/numerics.md N3); without direction the exact one, rounded.
 */
export function gemmAt(
  inputs: readonly Tensor[],
  attributes: Attributes,
  [rows, columns]: readonly number[],
  direction: ArrayLike<number> | undefined,
  times: number,
): Float32Array {
  const [m, n] = [rows!, columns!];
  const [a, b, bias] = inputs as [Tensor, Tensor, Tensor | undefined];
  const [x, w] = [a.data as Float32Array, b.data as Float32Array];
  const k = a.data.length / m;
  const [alongRow, alongTerm] = attributes.transA === 1 ? [1, m] : [k, 1];
  const [alongColumn, ofTerm] = attributes.transB === 1 ? [k, 1] : [1, n];
  const sums = new Float64Array(m * n);
  const absolutes = new Float64Array(m * n);
  if (bias !== undefined)
    for (let e = 0; e < sums.length; e++) {
      // A bias of one row, as those of the networks that are attacked.
      sums[e] = (bias.data as Float32Array)[e % bias.data.length]!;
      absolutes[e] = Math.abs(sums[e]!);
    }
  for (let i = 0; i < m; i++)
    for (let t = 0; t < k; t++) {
      const factor = x[i * alongRow! + t * alongTerm!]!;
      if (factor === 0) continue;
      for (let j = 0, e = i * n, at = t * ofTerm!; j < n; j++, e++, at += alongColumn!) {
        const product = factor * w[at]!;
        sums[e]! += product;
        absolutes[e]! += Math.abs(product);
      }
    }
  const roundings = gemmAdditions(k) + EXTRA_ROUNDINGS;
  const gamma = roundings / (2 ** 24 - roundings);
  const result = new Float32Array(m * n);
  for (let e = 0; e < result.length; e++) {
    const way = Math.sign(direction?.[e] ?? 0);
    const edge = sums[e]! + way * times * INSIDE * (gamma * absolutes[e]! + k * FLOAT32_MIN_DENORMAL);
    const nearest = Math.fround(edge);
    result[e] = way > 0 && nearest > edge ? nextDown(nearest) : way < 0 && nearest < edge ? nextUp(nearest) : nearest;
  }
  return result;
}
