// The gate's estimate against what the leaves of a real training step were measured to take.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { rootOfGraphFile, rootOfProvableGraph } from "../../../verifier/data/graph-blob.ts";
import { emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, Graph, OpName } from "../../../verifier/graph/graph.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import {
  checkGraph,
  leafGas,
  MAX_LEAF_TERMS,
  MAX_PRODUCT_TERMS,
  MAX_PROOF_BYTES,
  unprovableNodes,
} from "../../../verifier/model/check.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { toOnnx } from "../../../verifier/model/onnx/write.ts";
import { proofSizes } from "../../../verifier/model/proof-size.ts";
import type { Profile } from "../../../verifier/ops/judge.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import type { Shape } from "../../../verifier/tensor/tensor.ts";

const measured: Record<string, number> = JSON.parse(
  readFileSync(new URL("../../snapshots/gas-leaves.json", import.meta.url), "utf8"),
);
const { graph } = mlpGraphs({
  sizes: [784, 128, 10],
  seed: 1,
  batchRows: 128,
  evaluateBatchRows: 128,
  optimizer: { kind: "adam", learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
}).train;

function oneNode(op: OpName, shape: Shape, attributes: Attributes, operands = 1): Graph {
  const draft = newDraft();
  const x = stateInput(draft, "x", { dtype: "float32", shape });
  const y = emit(
    draft,
    op,
    Array.from({ length: operands }, () => x),
    attributes,
    "culprit",
  );
  return finish(draft, { kind: "infer", stateOutputs: [y] });
}

function scatterGraph(): Graph {
  const draft = newDraft();
  const x = stateInput(draft, "x", { dtype: "float32", shape: [64, 16] });
  const indices = stateInput(draft, "indices", { dtype: "int64", shape: [1024, 16] });
  const updates = stateInput(draft, "updates", { dtype: "float32", shape: [1024, 16] });
  const y = emit(draft, "ScatterElements", [x, indices, updates], { axis: 0 });
  return finish(draft, { kind: "infer", stateOutputs: [y] });
}

const estimate = (of: Graph, op: OpName, profile: Profile, shape?: Shape): number => {
  const node = of.nodes.find(
    (candidate) =>
      candidate.op === op && (shape === undefined || String(valueAt(of, candidate.inputs[0]!).shape) === String(shape)),
  );
  return leafGas(of, node!, profile);
};

const rows: [string, number][] = (["strict", "tolerant"] as const).flatMap((profile) => [
  [`gemm-784-${profile}`, estimate(graph, "Gemm", profile, [128, 784])],
  [`gemm-128-${profile}`, estimate(graph, "Gemm", profile, [128, 128])],
  [`gemm-weight-gradient-128-${profile}`, estimate(graph, "Gemm", profile, [128, 128])],
  [`reduce-sum-128-${profile}`, estimate(graph, "ReduceSum", profile, [128, 128])],
  [`exp-${profile}`, estimate(graph, "Exp", profile)],
]);
const lookups = scatterGraph();
rows.push(
  ["scatter-1024-of-1-strict", estimate(lookups, "ScatterElements", "strict")],
  ["scatter-1024-of-1-tolerant", estimate(lookups, "ScatterElements", "tolerant")],
  ["log", estimate(graph, "Log", "strict")],
  ["reduce-max-10", estimate(graph, "ReduceMax", "strict")],
  ["mul", estimate(graph, "Mul", "strict")],
  ["sqrt", estimate(graph, "Sqrt", "strict")],
  ["cast", estimate(graph, "Cast", "strict")],
  ["reduce-max-2048", estimate(oneNode("ReduceMax", [2, 2048], { axes: [1], keepdims: 0 }), "ReduceMax", "strict")],
  ["arg-max-2048", estimate(oneNode("ArgMax", [2, 2048], { axis: 1, keepdims: 0 }), "ArgMax", "strict")],
);

const window = { dilations: [1, 1], pads: [1, 1, 1, 1], strides: [1, 1] };

/** The layers whose leaves test/contracts/leaf/gas.test.ts measures: 3×3 windows of 64 channels. */
function windowed(op: "Conv" | "ConvTranspose" | "MaxPool"): Graph {
  const draft = newDraft();
  const x = stateInput(draft, "x", { dtype: "float32", shape: [2, 64, 14, 14] });
  const filters = op === "Conv" ? [16, 64, 3, 3] : [64, 16, 3, 3];
  const w = stateInput(draft, "w", { dtype: "float32", shape: filters });
  const attributes = {
    Conv: { ...window, group: 1 },
    ConvTranspose: { ...window, group: 1, output_padding: [0, 0] },
    MaxPool: { ...window, kernel_shape: [3, 3] },
  }[op];
  const y = emit(draft, op, op === "MaxPool" ? [x] : [x, w], attributes);
  return finish(draft, { kind: "infer", stateOutputs: [y] });
}
for (const profile of ["strict", "tolerant"] as const) {
  rows.push([`conv-576-${profile}`, estimate(windowed("Conv"), "Conv", profile)]);
  rows.push([`conv-transpose-576-${profile}`, estimate(windowed("ConvTranspose"), "ConvTranspose", profile)]);
}
rows.push(["gemm-784-tolerant-gpu", estimate(graph, "Gemm", "tolerant-gpu", [128, 784])]);
rows.push(["gemm-784-tolerant-gpu-denormal", estimate(graph, "Gemm", "tolerant-gpu", [128, 784])]);
rows.push(["max-pool-9", estimate(windowed("MaxPool"), "MaxPool", "strict")]);

test.each(rows)("%s: the estimate is above what was measured, and not far above", (name, estimated) => {
  expect(estimated).toBeGreaterThan(measured[name]!);
  expect(estimated).toBeLessThan(2.5 * measured[name]!);
});

test("what moves no bytes of its own has no leaf", () => {
  expect(estimate(oneNode("Reshape", [4], { shape: [2, 2] }), "Reshape", "strict")).toBe(0);
});

const product = (terms: number) => oneNode("Gemm", [2, terms], { transA: 0, transB: 1 }, 2);

test.each(["strict", "tolerant"] as const)("%s: a product is no longer than what the contracts add up", (profile) => {
  expect(() => checkGraph(product(MAX_LEAF_TERMS), profile)).not.toThrow();
  expect(() => checkGraph(product(MAX_LEAF_TERMS + 1), profile)).not.toThrow(); // in parts
  expect(() => checkGraph(product(MAX_PRODUCT_TERMS), profile)).not.toThrow();
  expect(() => checkGraph(product(MAX_PRODUCT_TERMS + 1), profile)).toThrow(/culprit: its leaf adds 2097153 terms/);
  const sum = (terms: number) => oneNode("ReduceSum", [terms, 2], { axes: [0], keepdims: 0 });
  expect(() => checkGraph(sum(MAX_LEAF_TERMS), profile)).not.toThrow();
  expect(() => checkGraph(sum(MAX_LEAF_TERMS + 1), profile)).toThrow(/culprit: its leaf adds 8193 terms/);
});

test("in the gpu column no product is judged in parts", () => {
  expect(() => checkGraph(product(MAX_LEAF_TERMS), "tolerant-gpu")).not.toThrow();
  expect(() => checkGraph(product(MAX_LEAF_TERMS + 1), "tolerant-gpu")).toThrow(/culprit: its leaf adds 8193 terms/);
});

test("a maximum is bounded by the size of a transaction, to the term", () => {
  const row = (terms: number) => oneNode("ReduceMax", [2, terms], { axes: [1], keepdims: 0 });
  const bytesOf = (terms: number) => proofSizes(row(terms))(0);
  const per = 1024 / 4; // a chunk's terms
  const chunks = Math.floor((MAX_PROOF_BYTES - bytesOf(per)) / 1024);
  const longest = [...Array(3 * per).keys()]
    .map((i) => (chunks - 1) * per + i)
    .findLast((terms) => bytesOf(terms) <= MAX_PROOF_BYTES)!;
  expect(() => checkGraph(row(longest), "strict")).not.toThrow();
  expect(() => checkGraph(row(longest + 1), "strict")).toThrow(/culprit: its proof takes \d+ bytes/);
});

test.each([
  [25, 25, undefined],
  [31, 31, undefined],
  [64, 16, /culprit: its proof takes \d+ bytes/],
] as const)("a window of %i rows of %i is opened row by row", (rows, columns, refused) => {
  const draft = newDraft();
  const x = stateInput(draft, "x", { dtype: "float32", shape: [1, 8, 70, 40] });
  const w = stateInput(draft, "w", { dtype: "float32", shape: [2, 8, rows, columns] });
  const attributes = { dilations: [1, 1], group: 1, pads: [0, 0, 0, 0], strides: [1, 1] };
  const graph = finish(draft, { kind: "infer", stateOutputs: [emit(draft, "Conv", [x, w], attributes, "culprit")] });
  if (refused === undefined) expect(() => checkGraph(graph, "strict")).not.toThrow();
  else expect(() => checkGraph(graph, "strict")).toThrow(refused);
});

test("a node refuses the upload of such a graph, and gives the root of every other", () => {
  const longest = MAX_PRODUCT_TERMS;
  expect(() => rootOfProvableGraph(toOnnx(product(longest + 1)))).toThrow(/culprit/);
  const file = toOnnx(product(longest));
  expect(rootOfProvableGraph(file)).toBe(rootOfGraphFile(file));
});

test("every node that is refused is named, not only the first", () => {
  const draft = newDraft();
  const x = stateInput(draft, "x", { dtype: "float32", shape: [2, 8] });
  const a = emit(draft, "Max", [x, x], {}, "first");
  const b = emit(draft, "Relu", [a], {}, "fine");
  const y = emit(draft, "Min", [b, x], {}, "second");
  const found = unprovableNodes(finish(draft, { kind: "infer", stateOutputs: [y] }), "strict");
  expect(found.map(({ message }) => message.split(":")[0])).toEqual(["first", "second"]);
  expect(unprovableNodes(finish(draft, { kind: "infer", stateOutputs: [y] }), "tolerant")).toEqual([]);
});
