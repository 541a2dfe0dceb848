import { describe, expect, test } from "vitest";
import { checkGraph } from "../../../verifier/model/check.ts";
import { UnsupportedModelError } from "../../../verifier/model/errors.ts";
import { type GptSpec, gptGraphs, gptModel } from "../../../verifier/model/gpt.ts";
import { isUnique, looseValues } from "../../../verifier/model/placement.ts";
import { ShapeError } from "../../../verifier/ops/errors.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { float32, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { DESCENT, descentError } from "../../support/descent-error.ts";
import { masksOf } from "../../support/masks.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { hexOf, randomTensor, uniform } from "../../support/tensors.ts";

const variants: readonly Partial<GptSpec>[] = [
  { activation: "gelu", norm: "layer", positionCode: "learned", tied: true },
  { activation: "gelu-tanh", norm: "layer", positionCode: "rotary", tied: false },
  { activation: "swiglu", norm: "rms", positionCode: "rotary", tied: true, dropout: 0.2 },
];

const ids = (spec: GptSpec, seed: number): Tensor =>
  randomTensor(uniform(seed), "uint8", [spec.batchRows, spec.positions], 0, spec.vocabulary);

describe("refused", () => {
  test.each([
    ["more ids than a byte holds", { vocabulary: 257 }],
    ["heads that do not divide the width", { heads: 3 }],
    ["a rotary head of odd width", { dim: 6, heads: 2, positionCode: "rotary" }],
  ] as [string, Partial<GptSpec>][])("%s", (_, changes) => {
    expect(() => gptGraphs(smallGpt(changes))).toThrow(UnsupportedModelError);
  });
});

describe.each(variants)("%o", (variant) => {
  const spec = smallGpt(variant);

  test("the gradient of all parameters agrees with finite differences along random directions", () => {
    const { train } = gptGraphs({ ...spec, optimizer: DESCENT });
    const feeds = [ids(spec, 3), ids(spec, 4), ...masksOf(train.graph)];
    expect(descentError(train, feeds, { seed: 5, noise: 0.5 })).toBeLessThan(1e-7);
  });

  test("every value that has an order is the runtime's, bit for bit; all nodes can be judged, the state is unique", async () => {
    const { train, infer, evaluate: evaluation } = gptGraphs(spec);
    for (const graph of [train.graph, infer, evaluation]) {
      checkGraph(graph, "strict");
      checkGraph(graph, "tolerant");
      expect(isUnique(graph)).toBe(true);
    }
    const { graph } = train;
    const state = train.state.map(({ start }) => start);
    const batch = [ids(spec, 6), ids(spec, 7), ...masksOf(graph)];
    const expected = evaluate(graph, state, batch);
    const loose = looseValues(graph);
    const outputs = graph.nodes.map(({ output }) => output).filter((id) => !loose.has(id));
    const session = await onnxRuntime({ threads: 1 }).open(graph);
    const actual = await session.values(state, batch, outputs);
    await session.close();
    for (const [i, id] of outputs.entries()) {
      expect(hexOf(actual[i]!), graph.values[id]!.name).toBe(hexOf(expected[id]!));
    }
  });
});

test("dropout: in training alone, one mask for the embeddings and two a layer", () => {
  const { train, infer, evaluate: evaluation } = gptGraphs(smallGpt({ dropout: 0.2 }));
  expect(train.graph.masks).toEqual(new Array(5).fill(Math.round(0.8 * 2 ** 32)));
  expect(infer.masks.length + evaluation.masks.length).toBe(0);
  expect(gptGraphs(smallGpt({ dropout: 0 })).train.graph.masks).toEqual([]);
  expect(() => gptGraphs(smallGpt({ dropout: 1 }))).toThrow(ShapeError);
});

test("no position sees a later one", () => {
  const spec = smallGpt({ batchRows: 1, evaluateBatchRows: 1 });
  const { infer } = gptGraphs(spec);
  const scores = infer.nodes.at(-2)!;
  const state = gptModel(spec).parameters.map(({ start }) => start);
  const row = ids(spec, 8);
  const changed = { ...row, data: Uint8Array.from(row.data as Uint8Array, (id, i) => (i === 5 ? (id + 1) % 20 : id)) };
  const scoresOf = (x: Tensor) => evaluate(infer, state, [x])[scores.output]!.data as Float32Array;
  expect(infer.values[scores.output]!.shape).toEqual([6, 20]);
  expect(scoresOf(changed).slice(0, 100)).toEqual(scoresOf(row).slice(0, 100));
  expect(scoresOf(changed).slice(100)).not.toEqual(scoresOf(row).slice(100));
});

test("it learns a text by heart, and counts what it knows", async () => {
  const spec = smallGpt({ positions: 8, batchRows: 4, evaluateBatchRows: 4, dim: 16, hidden: 32 });
  const { train, evaluate: evaluation } = gptGraphs(spec);
  const text = Uint8Array.from({ length: 40 }, (_, i) => (i * i + (i >> 2)) % 20);
  const rows = (shift: number): Tensor => ({
    dtype: "uint8",
    shape: [4, 8],
    data: Uint8Array.from({ length: 32 }, (_, i) => text[(i >> 3) * 9 + (i & 7) + shift]!),
  });
  const batch = [rows(0), rows(1)];
  const session = await onnxRuntime({ threads: 1 }).open(train.graph);
  let state: readonly Tensor[] = train.state.map(({ start }) => start);
  const losses: number[] = [];
  for (let step = 0; step < 300; step++) {
    const result = await session.step(state, batch);
    state = result.state;
    losses.push(result.loss!.data[0] as number);
  }
  await session.close();
  expect(losses[0]).toBeGreaterThan(2.5);
  expect(losses.at(-1)).toBeLessThan(0.2);
  const inputs = [...state.slice(0, evaluation.stateInputs.length - 1), float32([1], [0])];
  const counted = evaluate(evaluation, inputs, batch)[evaluation.stateOutputs.at(-1)!]!;
  expect(counted.data[0]).toBe(32);
});
