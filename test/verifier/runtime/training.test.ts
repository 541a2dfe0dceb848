import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Optimizer } from "../../../verifier/autodiff/optimizer.ts";
import { batchInput, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { looseValues } from "../../../verifier/model/placement.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { FeedError } from "../../../verifier/runtime/errors.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate, referenceRuntime, stepOf } from "../../../verifier/runtime/reference.ts";
import type { Session } from "../../../verifier/runtime/runtime.ts";
import { float32, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { hexOf, randomTensor, uniform } from "../../support/tensors.ts";

const optimizers: Optimizer[] = [
  { kind: "sgd", learningRate: 0.1 },
  { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
  { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
];

const STEPS = 5;
const sizes = [20, 16, 10];

function small(optimizer: Optimizer, batchRows = 8) {
  const { train, infer, evaluate } = mlpGraphs({ sizes, seed: 3, batchRows, evaluateBatchRows: 10, optimizer });
  return { ...train, infer, evaluate, start: train.state.map((state) => state.start) };
}

function batches(steps: number, rows: number, width: number): Tensor[] {
  const random = uniform(5);
  return [
    randomTensor(random, "uint8", [steps, rows, width], 0, 256),
    randomTensor(random, "uint8", [steps, rows], 0, 10),
  ];
}

describe.each(optimizers)("a small classifier under $kind", (optimizer) => {
  const { graph, start } = small(optimizer);
  const stacked = batches(STEPS, 8, 20);
  const first = stacked.map((tensor) => stepOf(tensor, 0));
  let session: Session;
  beforeAll(async () => {
    session = await onnxRuntime({ threads: 1 }).open(graph);
  });
  afterAll(() => session.close());

  test("every value but the descendants of Log equals the reference bit for bit", async () => {
    const loose = looseValues(graph);
    const ids = graph.values.map((_, id) => id);
    const expected = evaluate(graph, start, first);
    const actual = await session.values(start, first, ids);
    expect(ids.filter((id) => hexOf(actual[id]!) !== hexOf(expected[id]!) && !loose.has(id))).toEqual([]);
    expect(graph.stateOutputs.some((id) => loose.has(id))).toBe(false);
    expect(actual[graph.loss!]!.data[0]).toBeCloseTo(expected[graph.loss!]!.data[0] as number, 5);
  });

  test("a segment equals its steps, and a step with all values exposed equals the plain one", async () => {
    const segment = await session.segment(start, stacked);
    let state: readonly Tensor[] = start;
    const losses: number[] = [];
    for (let t = 0; t < STEPS; t++) {
      const batch = stacked.map((tensor) => stepOf(tensor, t));
      const exposed = await session.values(state, batch, graph.stateOutputs);
      const result = await session.step(state, batch);
      expect(exposed.map(hexOf)).toEqual(result.state.map(hexOf));
      state = result.state;
      losses.push(result.loss!.data[0] as number);
    }
    expect(segment.state.map(hexOf)).toEqual(state.map(hexOf));
    expect(Array.from(segment.losses!.data as Float32Array)).toEqual(losses);
  });

  test("the reference runtime agrees with it over a segment", async () => {
    const reference = await referenceRuntime.open(graph);
    const [expected, actual] = [await reference.segment(start, stacked), await session.segment(start, stacked)];
    expect(actual.state.map(hexOf)).toEqual(expected.state.map(hexOf));
    expect(actual.losses!.shape).toEqual(expected.losses!.shape);
  });

  test("it learns: repeating one batch lowers the loss", async () => {
    const repeated = first.map((tensor) => ({
      ...tensor,
      shape: [30, ...tensor.shape],
      data: Uint8Array.from(
        { length: 30 * tensor.data.length },
        (_, i) => tensor.data[i % tensor.data.length] as number,
      ),
    }));
    const { losses } = await session.segment(start, repeated);
    expect(losses!.data.at(-1)).toBeLessThan(0.5 * (losses!.data[0] as number));
  });
});

test("tensors handed in stay as they were", async () => {
  const { graph, start } = small(optimizers[1]!);
  const before = start.map(hexOf);
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  const stacked = batches(1, 8, 20);
  await session.segment(start, stacked);
  await session.step(
    start,
    stacked.map((tensor) => stepOf(tensor, 0)),
  );
  await session.close();
  expect(start.map(hexOf)).toEqual(before);
});

test("tensors handed out stay as they were when the next call fills the same memory", async () => {
  const { graph, start } = small(optimizers[1]!);
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  const stacked = batches(STEPS, 8, 20);
  const ids = graph.values.map((_, id) => id);
  let state: readonly Tensor[] = start;
  const results: { readonly values: readonly Tensor[]; readonly before: readonly string[] }[] = [];
  for (let t = 0; t < STEPS; t++) {
    const batch = stacked.map((tensor) => stepOf(tensor, t));
    const values = await session.values(state, batch, ids);
    results.push({ values, before: values.map(hexOf) });
    state = graph.stateOutputs.map((id) => values[id]!);
  }
  await session.close();
  for (const { values, before } of results) expect(values.map(hexOf)).toEqual(before);
});

test("an inference is one row of scores, an evaluation counts right answers and leaves the parameters alone", async () => {
  const { infer, evaluate: evaluation, start } = small(optimizers[0]!);
  const random = uniform(9);
  const x = randomTensor(random, "uint8", [10, 20], 0, 256);
  const scores: number[] = [];
  const inference = await onnxRuntime({ threads: 1 }).open(infer);
  for (let row = 0; row < 10; row++) {
    const one: Tensor = { dtype: "uint8", shape: [1, 20], data: x.data.slice(20 * row, 20 * row + 20) };
    const { state, loss } = await inference.step(start.slice(0, 4), [one]);
    expect(loss).toBeNull();
    const y = Array.from(state[0]!.data as Float32Array);
    scores.push(y.indexOf(Math.max(...y)));
  }
  await inference.close();
  const labels: Tensor = {
    dtype: "uint8",
    shape: [10],
    data: Uint8Array.from(scores, (best, i) => (i < 3 ? (best + 1) % 10 : best)),
  };
  const session = await onnxRuntime({ threads: 1 }).open(evaluation);
  const counter: Tensor = { dtype: "float32", shape: [1], data: Float32Array.of(2) };
  const state = [...start.slice(0, 4), counter];
  const step = await session.step(state, [x, labels]);
  const segment = await session.segment(
    state,
    [x, labels].map((tensor) => ({ ...tensor, shape: [1, ...tensor.shape] })),
  );
  await session.close();
  expect(step.state.at(-1)!.data[0]).toBe(9);
  expect(segment.state.map(hexOf)).toEqual(step.state.map(hexOf));
  expect(segment.state.slice(0, 4).map(hexOf)).toEqual(start.slice(0, 4).map(hexOf));
  expect(segment.losses).toBeNull();
});

test("at batch 100 two threads round otherwise than one, at batch 128 they do not", async () => {
  const differing = async (batchRows: number): Promise<number> => {
    const spec = { sizes: [784, 128, 10], seed: 1, batchRows, evaluateBatchRows: 100, optimizer: optimizers[1]! };
    const { train } = mlpGraphs(spec);
    const state = train.state.map(({ start }) => start);
    const stacked = batches(2, batchRows, 784);
    const [one, two] = await Promise.all(
      [1, 2].map(async (threads) => {
        const session = await onnxRuntime({ threads }).open(train.graph);
        const result = await session.segment(state, stacked);
        await session.close();
        return result.state;
      }),
    );
    return one!.reduce((sum, tensor, i) => sum + tensor.data.filter((x, k) => x !== two![i]!.data[k]).length, 0);
  };
  expect(await differing(100)).toBeGreaterThan(1000);
  expect(await differing(128)).toBe(0);
});

test("states that change places do so in a segment as in steps", async () => {
  const draft = newDraft();
  const type = { dtype: "float32" as const, shape: [2] };
  const [a, b, c] = ["a", "b", "c"].map((name) => stateInput(draft, name, type)) as [number, number, number];
  const x = batchInput(draft, "x", type);
  const graph = finish(draft, { kind: "train", stateOutputs: [b, a, emit(draft, "Add", [c, x])] });
  const start = [float32([2], [1, 2]), float32([2], [3, 4]), float32([2], [0, 0])];
  const stacked = [float32([3, 2], [1, 1, 1, 1, 1, 1])];
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  const expected = await (await referenceRuntime.open(graph)).segment(start, stacked);
  expect((await session.segment(start, stacked)).state.map(hexOf)).toEqual(expected.state.map(hexOf));
  expect(expected.state.map(hexOf)).toEqual([start[1]!, start[0]!, float32([2], [3, 3])].map(hexOf));
  await session.close();
});

describe("bad input", () => {
  test("tensors that do not fit are refused by name, and the session lives on", async () => {
    const { graph, start } = small(optimizers[0]!);
    const session = await onnxRuntime({ threads: 1 }).open(graph);
    const good = batches(1, 8, 20).map((tensor) => stepOf(tensor, 0));
    await expect(session.step(start.slice(1), good)).rejects.toThrow(FeedError);
    await expect(session.step(start, [good[0]!, { ...good[1]!, dtype: "int32" }])).rejects.toThrow(/labels/);
    await expect(session.segment(start, good)).rejects.toThrow(FeedError);
    await expect(session.step(start, good)).resolves.toBeDefined();
    await session.close();
  });
});
