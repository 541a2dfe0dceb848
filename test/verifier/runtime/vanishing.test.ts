import { describe, expect, it } from "vitest";
import { batchInput, constant, type Draft, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import { type Graph, type ValueId, valueAt } from "../../../verifier/graph/graph.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate, referenceRuntime } from "../../../verifier/runtime/reference.ts";
import { vanishingValues } from "../../../verifier/runtime/vanishing.ts";
import { float32, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { firstUncanonical } from "../../../verifier/trace/canonical.ts";
import { smallTask } from "../../support/small-task.ts";

type Build = (draft: Draft, x: ValueId, w: ValueId) => ValueId;
const START = [1, 2, -3, 4];
const scalar = (draft: Draft, value: number) => constant(draft, float32([], [value]));

/** A step from w to what is built of it and a fed x. */
function stepGraph(build: Build): Graph {
  const draft = newDraft();
  const w = stateInput(draft, "w", float32([4], START));
  const x = batchInput(draft, "x", { dtype: "float32", shape: [4] });
  return finish(draft, { kind: "train", stateOutputs: [build(draft, x, w)] });
}

const op =
  (name: Parameters<typeof emit>[1]): ((draft: Draft, ...inputs: ValueId[]) => ValueId) =>
  (draft, ...inputs) =>
    emit(draft, name, inputs);
const [add, sub, mul, div, exp, sqrt, relu, tanh, less, where] = (
  ["Add", "Sub", "Mul", "Div", "Exp", "Sqrt", "Relu", "Tanh", "Less", "Where"] as const
).map(op) as [ReturnType<typeof op>, ...ReturnType<typeof op>[]] & ReturnType<typeof op>[];

/** What of a step ends finite whatever arises on the way. */
const hidden: readonly (readonly [string, Build, readonly number[]])[] = [
  ["an infinity that is divided by", (d, x, w) => add!(d, w, div!(d, scalar(d, 1), mul!(d, x, x))), [1e30, 0.5, 1, 1]],
  ["an overflow below a limit", (d, x, w) => add!(d, w, tanh!(d, mul!(d, x, x))), [1e30, 0, 0, 0]],
  [
    "−∞ in an exponential",
    (d, x, w) => add!(d, w, exp!(d, sub!(d, mul!(d, x, scalar(d, -1e30)), mul!(d, x, x)))),
    [1e25, 0, 0, 0],
  ],
  [
    "a NaN that is not selected",
    (d, x, w) => where!(d, less!(d, x, scalar(d, 0)), w, add!(d, w, sqrt!(d, x))),
    [-1, 1, 1, 1],
  ],
  [
    "a quotient that a comparison takes",
    (d, x, w) => where!(d, less!(d, div!(d, w, x), scalar(d, 1)), w, x),
    [0, 1, 1, 1],
  ],
  ["−∞ in a rectifier", (d, x, w) => add!(d, w, relu!(d, mul!(d, x, scalar(d, -1e30)))), [1e30, 0, 0, 0]],
  ["a state that the next step does not read", (d, x) => div!(d, scalar(d, 1), x), [0, 1, 1, 1]],
];

async function segmentOf(graph: Graph, batches: readonly (readonly number[])[]) {
  const stacked: Tensor = float32([batches.length, 4], batches.flat());
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  try {
    return {
      own: await session.segment([float32([4], START)], [stacked]),
      reference: await (await referenceRuntime.open(graph)).segment([float32([4], START)], [stacked]),
    };
  } finally {
    await session.close();
  }
}

describe("a segment in whose first step something is not finite", () => {
  it.each(hidden)("is suspect: %s", async (_, build, bad) => {
    const graph = stepGraph(build);
    const values = evaluate(graph, [float32([4], START)], [float32([4], bad)]);
    expect(graph.nodes.some(({ output }) => firstUncanonical(values[output]!) !== undefined)).toBe(true);
    const { own, reference } = await segmentOf(graph, [bad, [1, 1, 1, 1]]);
    expect(own.state.every((tensor) => firstUncanonical(tensor) === undefined)).toBe(true);
    expect([own.suspect, reference.suspect]).toEqual([true, true]);
    expect(own.state).toEqual(reference.state);
  });

  it.each(hidden)("is not where everything is finite: %s", async (_, build) => {
    const { own, reference } = await segmentOf(stepGraph(build), [
      [1, 1, 1, 1],
      [2, 2, 2, 2],
    ]);
    expect([own.suspect, reference.suspect]).toEqual([false, false]);
  });
});

describe("what has to be looked at", () => {
  const named = (graph: Graph) =>
    vanishingValues(graph).map((id) => graph.nodes.find(({ output }) => output === id)!.op);

  it("is nothing where the state carries what arises to the end", () => {
    const momentum: Build = (d, x, w) => sub!(d, w, mul!(d, add!(d, x, mul!(d, w, scalar(d, 0.9))), scalar(d, 0.1)));
    expect(named(stepGraph(momentum))).toEqual([]);
  });

  it("is nothing where nothing can arise", () => {
    expect(named(stepGraph((d, x, w) => where!(d, less!(d, tanh!(d, x), relu!(d, w)), w, x)))).toEqual([]);
  });

  it("is what a state holds that no later step passes on", () => {
    expect(named(stepGraph((d, x) => mul!(d, x, x)))).toEqual(["Mul"]);
  });

  it("is, of a classifier's training, what goes into its rectifiers and out of them backwards", () => {
    const { graph } = smallTask({ sizes: [12, 8, 4] });
    const sizes = vanishingValues(graph).map((id) => valueAt(graph, id).shape);
    // The sum of the softmax, too: an infinite one would make every probability 0.
    expect(sizes).toEqual([
      [8, 8],
      [8, 2],
      [8, 8],
    ]);
  });
});
