import { create } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { softmaxCrossEntropy } from "../../../verifier/autodiff/loss.ts";
import { trainStep } from "../../../verifier/autodiff/train-step.ts";
import { batchInput, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import { checkGraph } from "../../../verifier/model/check.ts";
import { ModelFileError, UnsupportedModelError } from "../../../verifier/model/errors.ts";
import { importOnnx } from "../../../verifier/model/onnx/import.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { exportedClassifier, int, integers, model, node, port, weights } from "../../support/onnx-model.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const random = uniform(3);

describe("what cannot be run is refused by name", () => {
  test.each([
    ["an unknown op", [node("LSTM", ["x"], "y")], 17, /\/LSTM \(LSTM, opset 17\)/],
    ["another domain", [node("Gelu", ["x"], "y", [], "com.microsoft")], 17, /com\.microsoft\.Gelu/],
    ["a shape that depends on data", [node("Reshape", ["x", "x"], "y")], 17, UnsupportedModelError],
    ["shapes that do not fit", [node("MatMul", ["x", "w"], "y")], 17, UnsupportedModelError],
    ["a sine of data", [node("Sin", ["x"], "y")], 17, /\/Sin \(Sin, opset 17\).*no constant/],
    ["a range as long as data says", [node("Range", ["x", "x", "x"], "y")], 17, /length depends on data/],
    ["a scatter that overwrites", [node("ScatterElements", ["x", "x", "x"], "y")], 18, /reduction none/],
  ])("%s", (_, nodes, opset, error) => {
    const imported = () => {
      const { inputs, parameters, forward } = importOnnx(model(nodes, [weights("w", [7, 2])], opset), { batchRows: 2 });
      const draft = newDraft();
      forward(
        draft,
        parameters.map(({ name, start }) => stateInput(draft, name, start)),
        inputs.map(({ name, type }) => batchInput(draft, name, type)),
      );
    };
    expect(imported).toThrow(error);
    expect(imported).toThrow(UnsupportedModelError);
  });

  test("an old opset, no model at all, weights that are missing", () => {
    expect(() => importOnnx(model([], [], 12), { batchRows: 2 })).toThrow(/opset 13 or newer/);
    expect(() => importOnnx(Uint8Array.of(1, 2, 3), { batchRows: 2 })).toThrow(ModelFileError);
    const external = create(onnx.TensorProtoSchema, {
      name: "w",
      dims: [2n, 2n],
      dataType: 1,
      dataLocation: 1,
      externalData: [{ key: "location", value: "model.onnx.data" }],
    });
    expect(() => importOnnx(model([], [external]), { batchRows: 2 })).toThrow(/model\.onnx\.data/);
    const file = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer);
    const { parameters } = importOnnx(model([], [external]), { batchRows: 2, external: () => file });
    expect(Array.from(parameters[0]!.start.data as Float32Array)).toEqual([1, 2, 3, 4]);
  });
});

describe("an exported classifier", () => {
  const file = exportedClassifier();
  const x = randomTensor(random, "float32", [3, 1, 4, 3]);

  test("computes what onnxruntime computes of the original, in canonical form", async () => {
    const { parameters, inputs, forward } = importOnnx(file, { batchRows: 3 });
    expect(parameters.map(({ name }) => name)).toEqual(["w0", "b0", "w1", "b1"]);
    const draft = newDraft();
    const states = parameters.map(({ name, start }) => stateInput(draft, name, start));
    const [y] = forward(
      draft,
      states,
      inputs.map(({ name, type }) => batchInput(draft, name, type)),
    );
    const graph = finish(draft, { kind: "infer", stateOutputs: [y!] });
    expect(graph.nodes.map(({ op }) => op)).not.toContain("Gather"); // shape arithmetic is folded away
    expect(() => checkGraph(graph, "strict")).not.toThrow();
    const ours = evaluate(
      graph,
      parameters.map(({ start }) => start),
      [x],
    )[graph.stateOutputs[0]!]!;
    const session = await InferenceSession.create(file);
    const theirs = await session.run({ x: new OrtTensor("float32", x.data as Float32Array, [...x.shape]) });
    expect(ours.shape).toEqual([3, 5]);
    for (const [i, value] of (ours.data as Float32Array).entries())
      expect(value).toBeCloseTo(theirs.y!.data[i] as number, 5);
  });

  test("a tensor that is frozen is a constant, and no parameter", () => {
    const { parameters, inputs, forward } = importOnnx(file, { batchRows: 3, frozen: ["w0"] });
    expect(parameters.map(({ name }) => name)).toEqual(["b0", "w1", "b1"]);
    const draft = newDraft();
    const states = parameters.map(({ name, start }) => stateInput(draft, name, start));
    forward(draft, states, [batchInput(draft, "x", inputs[0]!.type)]);
    const bytes = bytesOf(importOnnx(file, { batchRows: 3 }).parameters[0]!.start);
    expect(draft.constants.some((held) => Buffer.compare(held.bytes, bytes) === 0)).toBe(true);
    expect(() => importOnnx(file, { batchRows: 3, frozen: ["w2"] })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/a tensor w2/), hint: expect.stringMatching(/: w0, /) }),
    );
  });

  test("can be trained", () => {
    const { parameters, inputs, forward } = importOnnx(file, { dimensions: { batch: 3 }, batchRows: 1 });
    const step = trainStep(
      {
        parameters,
        batch: [...inputs, { name: "labels", type: { dtype: "int64", shape: [3] } }],
        loss: (draft, states, [images, labels]) =>
          softmaxCrossEntropy(draft, forward(draft, states, [images!])[0]!, labels!),
      },
      { kind: "sgd", learningRate: 0.5 },
    );
    const labels: Tensor = { dtype: "int64", shape: [3], data: BigInt64Array.of(0n, 4n, 2n) };
    let state = step.state.map(({ start }) => start);
    const losses: number[] = [];
    for (let t = 0; t < 20; t++) {
      const values = evaluate(step.graph, state, [x, labels]);
      losses.push(values[step.graph.loss!]!.data[0] as number);
      state = step.graph.stateOutputs.map((id) => values[id]!);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.1);
  });
});

describe("a rotary embedding as it is exported: frequencies in the file, angles computed from them", () => {
  const POSITIONS = 5;
  const frequencies = create(onnx.TensorProtoSchema, {
    ...weights("frequencies", [2]),
    floatData: [1, Math.fround(0.01)],
  });
  const named = (...[op, inputs, output, attributes]: Parameters<typeof node>) =>
    create(onnx.NodeProtoSchema, { ...node(op, inputs, output, attributes), name: `/${output}` });
  const file = (limit: number, step = 1) =>
    model(
      [
        named("Range", ["from", "limit", "step"], "positions"),
        named("Cast", ["positions"], "floats", [int("to", 1)]),
        named("Unsqueeze", ["floats", "last"], "column"),
        named("Mul", ["column", "frequencies"], "angles"),
        named("Concat", ["angles", "angles"], "twice", [int("axis", -1)]),
        named("Cos", ["twice"], "cos"),
        named("Sin", ["twice"], "sin"),
        named("Split", ["x"], "first", [int("axis", -1)]),
        named("Neg", ["second"], "turned"),
        named("Concat", ["turned", "first"], "other", [int("axis", -1)]),
        named("Mul", ["x", "cos"], "kept"),
        named("Mul", ["other", "sin"], "moved"),
        named("Add", ["kept", "moved"], "rotated"),
        named("MatMul", ["rotated", "w"], "y"),
      ].map((made) => (made.opType === "Split" ? { ...made, output: ["first", "second"] } : made)),
      [
        frequencies,
        weights("w", [4, 3]),
        integers("from", [0], []),
        integers("limit", [limit], []),
        integers("step", [step], []),
        integers("last", [-1]),
      ],
      17,
      { input: [port("x", ["batch", POSITIONS, 4])] },
    );
  const imported = (bytes: Uint8Array) => {
    const { parameters, inputs, forward } = importOnnx(bytes, { batchRows: 2 });
    const draft = newDraft();
    const states = parameters.map(({ name, start }) => stateInput(draft, name, start));
    const feeds = inputs.map(({ name, type }) => batchInput(draft, name, type));
    const graph = finish(draft, { kind: "infer", stateOutputs: forward(draft, states, feeds) });
    return { parameters, graph };
  };

  test("angles become constants, and no weights; it computes what onnxruntime computes of the original", async () => {
    const bytes = file(POSITIONS);
    const { parameters, graph } = imported(bytes);
    expect(parameters.map(({ name }) => name)).toEqual(["w"]);
    const x = randomTensor(random, "float32", [2, POSITIONS, 4]);
    const ours = evaluate(graph, [parameters[0]!.start], [x])[graph.stateOutputs[0]!]!;
    const session = await InferenceSession.create(bytes);
    const { y } = await session.run({ x: new OrtTensor("float32", x.data as Float32Array, [...x.shape]) });
    await session.release();
    expect(ours.shape).toEqual([2, POSITIONS, 3]);
    for (const [i, value] of (ours.data as Float32Array).entries()) expect(value).toBeCloseTo(y!.data[i] as number, 6);
  });
  test.each([
    ["no step", file(POSITIONS, 0), /\/positions \(Range, opset 17\): Infinity numbers from 0/],
    ["more positions than memory holds", file(2 ** 40), /1099511627776 numbers/],
    ["angles beyond what is accurate", file(50_000_000, 10_000_000), /angle of 10000000/],
  ])("refused: %s", (_, bytes, message) => {
    expect(() => imported(bytes)).toThrow(UnsupportedModelError);
    expect(() => imported(bytes)).toThrow(message);
  });
});

describe("rows that a file names from the end", () => {
  const file = (op: "Gather" | "GatherElements", index: number) =>
    model(
      [node(op, ["x", "rows"], "y", [int("axis", 1)])],
      [integers("rows", [index, 0], op === "Gather" ? [2] : [1, 2])],
      17,
      {
        input: [port("x", ["batch", 3])],
      },
    );
  const answer = (bytes: Uint8Array) => {
    const { inputs, forward } = importOnnx(bytes, { batchRows: 1 });
    const draft = newDraft();
    const graph = finish(draft, {
      kind: "infer",
      stateOutputs: forward(draft, [], [batchInput(draft, "x", inputs[0]!.type)]),
    });
    const x: Tensor = { dtype: "float32", shape: [1, 3], data: Float32Array.of(5, 6, 7) };
    return [...(evaluate(graph, [], [x])[graph.stateOutputs[0]!]!.data as Float32Array)];
  };
  test.each(["Gather", "GatherElements"] as const)("%s", (op) => {
    expect(answer(file(op, -1))).toEqual([7, 5]);
    expect(answer(file(op, -3))).toEqual([5, 5]);
  });
});

describe("the shape arithmetic of exporters, in integers", () => {
  const scalarOf = (name: string, value: number) => integers(name, [value], []);
  const shapeFrom = (op: string, a: number, b: number) =>
    model(
      [
        node(op, ["a", "b"], "size"),
        node("Unsqueeze", ["size", "front"], "sizes"),
        node("Concat", ["rest", "sizes"], "shape", [int("axis", 0)]),
        node("Reshape", ["x", "shape"], "y"),
      ],
      [scalarOf("a", a), scalarOf("b", b), integers("front", [0]), integers("rest", [-1])],
      17,
      { input: [port("x", ["batch", 6])] },
    );
  const shapeOfAnswer = (bytes: Uint8Array) => {
    const { inputs, forward } = importOnnx(bytes, { batchRows: 2 });
    const draft = newDraft();
    const [y] = forward(draft, [], [batchInput(draft, "x", inputs[0]!.type)]);
    return draft.values[y!]!.shape;
  };
  test.each([
    ["Add", 1, 2, 3],
    ["Sub", 5, 2, 3],
    ["Mul", 2, 3, 6],
    ["Div", 7, 2, 3],
  ])("%s of %i and %i", (op, a, b, size) => {
    expect(shapeOfAnswer(shapeFrom(op, a, b))).toEqual([12 / size, size]);
  });
  test("a division by 0 is refused by name", () => {
    expect(() => shapeOfAnswer(shapeFrom("Div", 7, 0))).toThrow(/\/Div \(Div, opset 17\): a division by 0/);
  });
});
