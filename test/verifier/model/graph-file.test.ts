import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { AnhError } from "../../../common/errors.ts";
import { PLACE } from "../../../common/graph-encoding.ts";
import { batchInput, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { GraphError } from "../../../verifier/graph/errors.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { checkGraph } from "../../../verifier/model/check.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { ModelFileError, UnsupportedModelError } from "../../../verifier/model/errors.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { readGraph } from "../../../verifier/model/onnx/read.ts";
import { toOnnx } from "../../../verifier/model/onnx/write.ts";
import { isUnique, placementOf } from "../../../verifier/model/placement.ts";
import { graphLeaves, graphRef, sumProof } from "../../../verifier/model/root.ts";
import { add, exp, log, mul, reshape } from "../../../verifier/ops/build.ts";
import { ShapeError } from "../../../verifier/ops/errors.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { seededRandom } from "../../support/random.ts";
import { smallGpt } from "../../support/small-gpt.ts";

const build = () =>
  mlpGraphs({
    sizes: [20, 16, 10],
    seed: 3,
    batchRows: 8,
    evaluateBatchRows: 10,
    optimizer: { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  });
const { train, infer, evaluate } = build();
const graphs = [train.graph, infer, evaluate];
const vector = { dtype: "float32", shape: [4] } as const;

describe("graph files", () => {
  const file = toOnnx(train.graph);

  test("a truncated or changed file is a typed error, or it is the writing of what was read", () => {
    const random = seededRandom(1);
    for (let i = 0; i < 300; i++) {
      const bad = file.slice();
      if (i % 3 === 0) {
        expect(() => readGraph(bad.subarray(0, random.below(bad.length)))).toThrow(AnhError);
        continue;
      }
      bad[random.below(bad.length)]! ^= 1 + random.below(255);
      let read: Graph;
      try {
        read = readGraph(bad);
      } catch (error) {
        expect(error).toBeInstanceOf(AnhError);
        continue;
      }
      expect(Buffer.compare(toOnnx(read), bad)).toBe(0);
    }
  });

  test("masks are kept: of each, how often it is true", () => {
    const { graph } = gptGraphs(smallGpt({ dropout: 0.25 })).train;
    expect(readGraph(toOnnx(graph))).toEqual(graph);
    const changed = (value: string) => {
      const model = fromBinary(ModelProtoSchema, toOnnx(graph));
      for (const entry of model.metadataProps) if (entry.key === "anh.masks") entry.value = value;
      return toBinary(ModelProtoSchema, model);
    };
    expect(readGraph(changed("1,2,3,4,5")).masks).toEqual([1, 2, 3, 4, 5]);
    for (const bad of ["0,1,1,1,1", "1,1,1,1,4294967296", "1,1,1,1,x", "1,1,1,1,1,1", "1,1,1,1,1,"]) {
      expect(() => readGraph(changed(bad)), bad).toThrow(ModelFileError);
    }
  });

  test("a file with the same graph written otherwise is refused", () => {
    const model = fromBinary(ModelProtoSchema, file);
    model.docString = "hello";
    expect(() => readGraph(toBinary(ModelProtoSchema, model))).toThrow(ModelFileError);
  });

  test("an op outside the table is refused by name", () => {
    const model = fromBinary(ModelProtoSchema, file);
    model.graph!.node[3]!.opType = "LSTM";
    expect(() => readGraph(toBinary(ModelProtoSchema, model))).toThrow(/LSTM/);
  });

  test.each(graphs)("$kind: written, read and written again it is the same", (graph) => {
    expect(readGraph(toOnnx(graph))).toEqual(graph);
    expect(Buffer.compare(toOnnx(readGraph(toOnnx(graph))), toOnnx(graph))).toBe(0);
  });

  test("building twice gives the same bytes and the same root", () => {
    const again = build();
    expect(Buffer.compare(toOnnx(again.train.graph), file)).toBe(0);
    expect(graphRef(encodeGraph(again.train.graph))).toEqual(graphRef(encodeGraph(train.graph)));
  });
});

describe("graphs", () => {
  test("a state that changes its type is refused", () => {
    const draft = newDraft();
    const s = stateInput(draft, "s", vector);
    expect(() => finish(draft, { kind: "train", stateOutputs: [reshape(draft, s, [2, 2])] })).toThrow(GraphError);
    expect(() => finish(draft, { kind: "train", stateOutputs: [] })).toThrow(GraphError);
  });

  test("two values of one name are refused", () => {
    const draft = newDraft();
    const s = stateInput(draft, "s", vector);
    expect(() => finish(draft, { kind: "train", stateOutputs: [emit(draft, "Neg", [s], {}, "s")] })).toThrow(
      GraphError,
    );
  });

  test("operands that do not fit are refused with both shapes", () => {
    const draft = newDraft();
    const s = stateInput(draft, "s", vector);
    const t = batchInput(draft, "t", { dtype: "float32", shape: [3] });
    expect(() => add(draft, s, t)).toThrow(/\[4\] and \[3\]/);
    expect(() => emit(draft, "Gemm", [s, t], { transA: 0, transB: 0 })).toThrow(ShapeError);
    expect(() => emit(draft, "Transpose", [s], { perm: [1] })).toThrow(ShapeError);
    expect(() => emit(draft, "Slice", [s], { starts: [0], ends: [5], steps: [1] })).toThrow(ShapeError);
  });

  test("nodes and constants that nothing needs are dropped", () => {
    const draft = newDraft();
    const s = stateInput(draft, "s", vector);
    exp(draft, mul(draft, s, s));
    const graph = finish(draft, { kind: "train", stateOutputs: [emit(draft, "Neg", [s])] });
    expect(graph.nodes.map((node) => node.op)).toEqual(["Neg"]);
  });
});

describe("places", () => {
  test.each(graphs)("$kind: every value has one, and each entry of a list exactly one owner", (graph) => {
    const placement = placementOf(graph);
    const owners = new Set<string>();
    for (const node of graph.nodes) {
      if (node.op === "Reshape") continue;
      const { place, index } = placement.places[node.output]!;
      expect(owners.has(`${place}/${index}`)).toBe(false);
      owners.add(`${place}/${index}`);
    }
    for (const { at } of placement.operands.flat().flatMap((read) => (read === null ? [] : [read]))) {
      owners.add(`${at.place}/${at.index}`);
    }
    for (const [place, list] of [
      [PLACE.exact, placement.exact],
      [PLACE.loose, placement.loose],
    ] as const) {
      for (const index of list.keys()) expect(owners).toContain(`${place}/${index}`);
    }
    const { header } = encodeGraph(graph, placement);
    expect([header.exactCount, header.looseCount]).toEqual([placement.exact.length, placement.loose.length]);
  });

  test("Log and what descends from it is loose, through a Reshape too; layouts follow their value", () => {
    const draft = newDraft();
    const s = stateInput(draft, "s", { dtype: "float32", shape: [2, 3] });
    const loose = reshape(draft, log(draft, s), [3, 2]);
    const y = emit(draft, "Gemm", [loose, loose], { transA: 1, transB: 0 });
    const graph = finish(draft, { kind: "infer", stateOutputs: [y] });
    const { loose: list, exact, places, operands } = placementOf(graph);
    expect(exact).toEqual([]);
    expect(list.map((entry) => entry!.layout)).toEqual([null, { batch: 1, rows: 3, cols: 2 }]);
    expect(places[graph.nodes[1]!.output]).toEqual({ place: PLACE.loose, index: 0 });
    expect(operands[2]!.map((read) => read?.at)).toEqual([
      { place: PLACE.loose, index: 1 },
      { place: PLACE.loose, index: 1 },
    ]);
    expect(places[graph.stateOutputs[0]!]).toEqual({ place: PLACE.nextState, index: 0 });
    expect(isUnique(graph)).toBe(false);
  });

  test("training reaches the same state everywhere: nothing loose feeds it", () => {
    expect(isUnique(train.graph)).toBe(true);
  });

  test("a state left alone keeps its place, a value given twice has the first", () => {
    const { nextStates } = encodeGraph(evaluate);
    expect(nextStates.map(({ place, index }) => [place, index])).toEqual([
      [PLACE.state, 0],
      [PLACE.state, 1],
      [PLACE.state, 2],
      [PLACE.state, 3],
      [PLACE.nextState, 4],
    ]);
    const draft = newDraft();
    const [a, b] = ["a", "b"].map((name) => stateInput(draft, name, vector)) as [number, number];
    const twice = add(draft, a, b);
    const graph = finish(draft, { kind: "train", stateOutputs: [twice, twice] });
    expect(encodeGraph(graph).nextStates.map(({ index }) => index)).toEqual([0, 0]);
  });
});

describe("graph roots", () => {
  test("sums are those of the nodes, and any changed leaf changes the root", () => {
    const encoded = encodeGraph(train.graph);
    const ref = graphRef(encoded);
    expect(ref.flops).toBe(encoded.nodes.reduce((sum, node) => sum + node.flops, 0n));
    const [first, ...rest] = encoded.nodes;
    const changed = graphRef({ ...encoded, nodes: [{ ...first!, flops: first!.flops + 1n }, ...rest] });
    expect(changed.flops).toBe(ref.flops + 1n);
    expect(changed.root).not.toBe(ref.root);
  });

  test("a proof has the tree's depth", () => {
    const leaves = graphLeaves(encodeGraph(infer));
    expect(sumProof(leaves, 0)).toHaveLength(Math.ceil(Math.log2(leaves.length)));
    expect(() => sumProof(leaves, leaves.length)).toThrow(RangeError);
  });
});

describe("the provability gate", () => {
  test.each(graphs)("$kind passes in both profiles", (graph) => {
    expect(() => checkGraph(graph, "strict")).not.toThrow();
    expect(() => checkGraph(graph, "tolerant")).not.toThrow();
  });

  test.each([
    [
      "an inner sum",
      (x: number, draft: ReturnType<typeof newDraft>) =>
        emit(draft, "ReduceSum", [x], { axes: [1], keepdims: 1 }, "culprit"),
    ],
    [
      "a product of one row",
      (x: number, draft: ReturnType<typeof newDraft>) =>
        emit(draft, "Gemm", [x, x], { transA: 0, transB: 1 }, "culprit"),
    ],
  ])("%s is refused in strict by its name", (_, build) => {
    const draft = newDraft();
    const x = stateInput(draft, "x", { dtype: "float32", shape: [1, 8] });
    const graph = finish(draft, { kind: "infer", stateOutputs: [build(x, draft)] });
    expect(() => checkGraph(graph, "strict")).toThrow(UnsupportedModelError);
    expect(() => checkGraph(graph, "strict")).toThrow(/culprit/);
    expect(() => checkGraph(graph, "tolerant")).not.toThrow();
  });

  test("a product too long for one transaction is refused", () => {
    const draft = newDraft();
    const a = stateInput(draft, "a", { dtype: "float32", shape: [2, 2_100_000] });
    const graph = finish(draft, {
      kind: "infer",
      stateOutputs: [emit(draft, "Gemm", [a, a], { transA: 0, transB: 1 })],
    });
    expect(() => checkGraph(graph, "strict")).toThrow(UnsupportedModelError);
  });
});
