import { expect } from "vitest";
import { gradients } from "../../verifier/autodiff/backward.ts";
import { batchInput, type Draft, stateInput } from "../../verifier/graph/draft.ts";
import { finish } from "../../verifier/graph/finish.ts";
import type { ValueId } from "../../verifier/graph/graph.ts";
import { mul } from "../../verifier/ops/build.ts";
import { total } from "../../verifier/ops/sums.ts";
import { newDraft } from "../../verifier/ops/table.ts";
import { evaluate } from "../../verifier/runtime/reference.ts";
import type { Shape, Tensor } from "../../verifier/tensor/tensor.ts";
import { float64 } from "./float64.ts";
import { randomTensor, uniform } from "./tensors.ts";

/** Emits what is differentiated. */
export type Build = (draft: Draft, parameters: readonly ValueId[], batch: readonly ValueId[]) => ValueId;

const STEP = 1e-5;

/** |directional derivative by the graph − by central difference|, in double precision, relative to their size. */
export function gradientError(
  shapes: readonly Shape[],
  build: Build,
  batch: readonly Tensor[] = [],
  low = -1,
  high = 1,
): number {
  const random = uniform(11);
  const draft = newDraft();
  const parameters = shapes.map((shape, i) => stateInput(draft, `p${i}`, { dtype: "float32", shape }));
  const inputs = batch.map((tensor, i) => batchInput(draft, `x${i}`, tensor));
  const output = build(draft, parameters, inputs);
  const weighted = mul(
    draft,
    output,
    batchInput(draft, "weights", { dtype: "float32", shape: shapeIn(draft, output) }),
  );
  const loss = total(draft, weighted);
  const graph = finish(draft, { kind: "train", stateOutputs: gradients(draft, loss, parameters), loss });

  const feeds = [...batch, randomTensor(random, "float32", shapeIn(draft, output))];
  const at = shapes.map((shape) => widen(randomTensor(random, "float32", shape, low, high)));
  const direction = shapes.map((shape) => widen(randomTensor(random, "float32", shape)));
  const run = (state: readonly Tensor[]) => evaluate(graph, state, feeds, float64);
  const moved = (factor: number): Tensor[] =>
    at.map((tensor, i) => ({
      ...tensor,
      data: Float64Array.from(tensor.data as Float64Array, (x, k) => x + factor * (direction[i]!.data[k] as number)),
    }));
  const values = run(at);
  const analytic = graph.stateOutputs.reduce((sum, id, i) => sum + inner(values[id]!, direction[i]!), 0);
  const lossOf = (state: readonly Tensor[]) => run(state)[graph.loss!]!.data[0] as number;
  const numeric = (lossOf(moved(STEP)) - lossOf(moved(-STEP))) / (2 * STEP);
  expect(Math.abs(numeric)).toBeGreaterThan(1e-4); // a zero gradient would check nothing
  return Math.abs(analytic - numeric) / Math.abs(numeric);
}

const shapeIn = (draft: Draft, id: ValueId): Shape => draft.values[id]!.shape;
const widen = (tensor: Tensor): Tensor => ({ ...tensor, data: Float64Array.from(tensor.data as Float32Array) });
const inner = (a: Tensor, b: Tensor): number =>
  (a.data as Float64Array).reduce((sum, x, i) => sum + x * (b.data[i] as number), 0);
