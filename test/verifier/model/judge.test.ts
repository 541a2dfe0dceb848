import { describe, expect, test } from "vitest";
import { batchInput, emit } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Graph, ValueId } from "../../../verifier/graph/graph.ts";
import { LeafError } from "../../../verifier/model/errors.ts";
import { layoutBytes } from "../../../verifier/model/layout.ts";
import { elementsOf, hasLeaf, leafOf } from "../../../verifier/model/leaf.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { isRight, type LieAmount, lieOf, type Profile } from "../../../verifier/ops/judge.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { fromBytes, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const graphs = mlpGraphs({
  sizes: [20, 16, 10],
  seed: 3,
  batchRows: 8,
  evaluateBatchRows: 10,
  optimizer: { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
});

async function honestValues(graph: Graph, threads: number): Promise<readonly Tensor[]> {
  const random = uniform(2);
  const parameters = graphs.train.state.map(({ start }) => start);
  const state = graph.stateInputs.map(
    ({ source }) => parameters[source] ?? ({ dtype: "float32", shape: [1], data: Float32Array.of(0) } as Tensor),
  );
  const batch = graph.batchInputs.map((id) => {
    const { shape } = graph.values[id]!;
    return randomTensor(random, "uint8", shape, 0, shape.length === 1 ? 10 : 256);
  });
  const session = await onnxRuntime({ threads }).open(graph);
  const values = await session.values(
    state,
    batch,
    graph.values.map((_, id) => id),
  );
  await session.close();
  return values;
}

/** Calls `visit` for the first, the last and a middle element of every node with a leaf. */
function eachElement(
  graph: Graph,
  values: readonly Tensor[],
  visit: (node: number, element: number, at: (id: ValueId) => Tensor) => void,
): void {
  for (const [index, node] of graph.nodes.entries()) {
    if (!hasLeaf(node)) continue;
    const size = values[node.output]!.data.length;
    for (const element of new Set([0, size >> 1, size - 1])) visit(index, element, (id) => values[id]!);
  }
}

const lies: [Profile, LieAmount][] = [
  ["strict", { unit: "ulp", count: 1 }],
  ["strict", { unit: "ulp", count: 1000 }],
  ["tolerant", { unit: "tol", factor: 1.001 }],
  ["tolerant", { unit: "tol", factor: 2 }],
];

describe.each([graphs.train.graph, graphs.infer, graphs.evaluate])("$kind", (graph) => {
  test.each(lies)("in %s a lie of %o is wrong at every node", async (profile, amount) => {
    const values = await honestValues(graph, 1);
    let told = 0;
    eachElement(graph, values, (node, element, at) => {
      const { bound } = leafOf(graph, node, element, at);
      if (profile === "strict" && bound.replay === null) return;
      const output = values[graph.nodes[node]!.output]!;
      const lie = lieOf(bound, output.dtype, output.data[element]!, amount);
      expect(lie).toBeDefined();
      expect(isRight(bound, profile, lie!), `${graph.nodes[node]!.op} ${element}`).toBe(false);
      told++;
    });
    expect(told).toBeGreaterThan(10);
  });

  test("half a tolerance is no wrong, and no lie where there is none", async () => {
    const values = await honestValues(graph, 1);
    eachElement(graph, values, (node, element, at) => {
      const { bound } = leafOf(graph, node, element, at);
      const output = values[graph.nodes[node]!.output]!;
      const lie = lieOf(bound, output.dtype, output.data[element]!, { unit: "tol", factor: 0.5 });
      if (lie !== undefined) expect(isRight(bound, "tolerant", lie), graph.nodes[node]!.op).toBe(true);
    });
  });

  test.each([
    ["strict", 1],
    ["tolerant", 1],
    ["tolerant", 2],
  ] as const)("honest values are right in %s, computed with %i threads", async (profile, threads) => {
    const values = await honestValues(graph, threads);
    eachElement(graph, values, (node, element, at) => {
      const { bound } = leafOf(graph, node, element, at);
      const claimed = values[graph.nodes[node]!.output]!.data[element]!;
      expect(isRight(bound, profile, claimed), `${graph.nodes[node]!.op} ${element}`).toBe(true);
      if (typeof claimed === "number") expect(isRight(bound, profile, Number.NaN)).toBe(false);
    });
  });
});

test("reading through a layout gives what the layout's bytes hold", () => {
  const random = uniform(4);
  const tensor = randomTensor(random, "float32", [2, 3, 5]);
  const layout = { batch: 2, rows: 3, cols: 5 };
  const turned = fromBytes({ dtype: "float32", shape: [2, 5, 3] }, layoutBytes(tensor, layout));
  for (const [start, count] of [
    [0, 3],
    [4, 7],
    [15, 15],
  ] as const) {
    expect(Array.from(elementsOf(tensor, { layout, start, count }))).toEqual(
      Array.from((turned.data as Float32Array).slice(start, start + count)),
    );
  }
});

test("reads that depend on data follow it", () => {
  const draft = newDraft();
  const table = batchInput(draft, "table", { dtype: "float32", shape: [4, 2] });
  const rows = batchInput(draft, "rows", { dtype: "int64", shape: [2] });
  const mask = batchInput(draft, "mask", { dtype: "bool", shape: [2, 1] });
  const picked = emit(draft, "Gather", [table, rows], { axis: 0 });
  const graph = finish(draft, { kind: "infer", stateOutputs: [emit(draft, "Where", [mask, picked, table4(draft)])] });
  const values: Tensor[] = [
    { dtype: "float32", shape: [4, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7) },
    { dtype: "int64", shape: [2], data: BigInt64Array.of(3n, 1n) },
    { dtype: "bool", shape: [2, 1], data: Uint8Array.of(0, 1) },
  ];
  const gather = leafOf(graph, 0, 1, (id) => values[id]!);
  expect(gather.reads.map(({ operand, start }) => [operand, start])).toEqual([
    [1, 0],
    [0, 7],
  ]);
  expect(isRight(gather.bound, "strict", 7)).toBe(true);
  expect(() => leafOf(graph, 0, 4, (id) => values[id]!)).toThrow(LeafError);
  expect(() => leafOf(graph, 9, 0, (id) => values[id]!)).toThrow(LeafError);
});

function table4(draft: ReturnType<typeof newDraft>): ValueId {
  return batchInput(draft, "other", { dtype: "float32", shape: [2, 2] });
}
