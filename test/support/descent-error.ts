import { expect } from "vitest";
import type { Optimizer } from "../../verifier/autodiff/optimizer.ts";
import type { TrainStep } from "../../verifier/autodiff/train-step.ts";
import { evaluate } from "../../verifier/runtime/reference.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import { float64 } from "./float64.ts";
import { randomTensor, uniform } from "./tensors.ts";

/** A step of this optimizer is the gradient: what a parameter loses. */
export const DESCENT: Optimizer = { kind: "sgd", learningRate: 1 };

const DIRECTIONS = 3;
/** Small, so that few of a network's many kinks lie within it; the difference is of fourth order, since a deep network bends. */
const STEP = 1e-5;

/**
 * Of a whole training step by `DESCENT`, in double precision: the largest |directional derivative by the graph − by
 * differences|, relative to its size, along random directions of the state but its `still` tensors (statistics). The point lies `noise`
 * away from the start, where a network of small weights would hardly depend on anything.
 */
export function descentError(
  { graph, state }: TrainStep,
  feeds: readonly Tensor[],
  { seed, noise, still = /^$/ }: { readonly seed: number; readonly noise: number; readonly still?: RegExp },
): number {
  const random = uniform(seed);
  const moves = state.map(({ name }) => !still.test(name));
  const at = state.map(({ start }, k): Tensor => {
    const off = randomTensor(random, "float32", start.shape, -noise, noise).data as Float32Array;
    const data = start.data as Float32Array;
    return { ...start, data: Float64Array.from(data, (x, i) => (moves[k] ? x + off[i]! : x)) };
  });
  const run = (from: readonly Tensor[]) => evaluate(graph, from, feeds, float64);
  const lossAt = (from: readonly Tensor[]) => run(from)[graph.loss!]!.data[0] as number;
  const after = run(at);
  const errors = Array.from({ length: DIRECTIONS }, () => {
    const along = at.map(({ shape }, k) =>
      Float64Array.from(randomTensor(random, "float32", shape).data as Float32Array, (d) => (moves[k] ? d : 0)),
    );
    const moved = (factor: number) =>
      at.map((tensor, k) => ({
        ...tensor,
        data: Float64Array.from(tensor.data as Float64Array, (x, i) => x + factor * along[k]![i]!),
      }));
    const analytic = along.reduce((sum, direction, k) => {
      const next = after[graph.stateOutputs[k]!]!.data as Float64Array;
      return direction.reduce((inner, d, i) => inner + d * ((at[k]!.data[i] as number) - next[i]!), sum);
    }, 0);
    const between = (step: number) => lossAt(moved(step)) - lossAt(moved(-step));
    const numeric = (8 * between(STEP) - between(2 * STEP)) / (12 * STEP);
    expect(Math.abs(numeric), "a zero gradient would check nothing").toBeGreaterThan(1e-2);
    return Math.abs(analytic - numeric) / Math.abs(numeric);
  });
  return Math.max(...errors);
}
