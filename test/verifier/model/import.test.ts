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
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { exportedClassifier, model, node, weights } from "../../support/onnx-model.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const random = uniform(3);

describe("what cannot be run is refused by name", () => {
  test.each([
    ["an unknown op", [node("LSTM", ["x"], "y")], 17, /\/LSTM \(LSTM, opset 17\)/],
    ["another domain", [node("Gelu", ["x"], "y", [], "com.microsoft")], 17, /com\.microsoft\.Gelu/],
    ["a shape that depends on data", [node("Reshape", ["x", "x"], "y")], 17, UnsupportedModelError],
    ["shapes that do not fit", [node("MatMul", ["x", "w"], "y")], 17, UnsupportedModelError],
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
