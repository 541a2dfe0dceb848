import { create, toBinary } from "@bufbuild/protobuf";
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
import { randomTensor, uniform } from "../../support/tensors.ts";

const FLOAT = 1;
const INT64 = 7;
const random = uniform(3);

const port = (name: string, dims: (number | string)[], elemType = FLOAT) =>
  create(onnx.ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType,
          shape: {
            dim: dims.map((dim) => ({
              value:
                typeof dim === "string"
                  ? { case: "dimParam" as const, value: dim }
                  : { case: "dimValue" as const, value: BigInt(dim) },
            })),
          },
        },
      },
    },
  });

const weights = (name: string, shape: number[]) =>
  create(onnx.TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: FLOAT,
    floatData: Array.from(randomTensor(random, "float32", shape).data as Float32Array),
  });

const integers = (name: string, values: number[], shape = [values.length]) =>
  create(onnx.TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: INT64, int64Data: values.map(BigInt) });

const int = (name: string, i: number) => create(onnx.AttributeProtoSchema, { name, type: 2, i: BigInt(i) });

const node = (opType: string, input: string[], output: string, attribute: onnx.AttributeProto[] = [], domain = "") =>
  create(onnx.NodeProtoSchema, { name: `/${opType}`, opType, domain, input, output: [output], attribute });

const model = (
  nodes: onnx.NodeProto[],
  initializer: onnx.TensorProto[],
  opset = 17,
  rest: Partial<{ input: onnx.ValueInfoProto[] }> = {},
) =>
  toBinary(
    onnx.ModelProtoSchema,
    create(onnx.ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      graph: {
        name: "exported",
        node: nodes,
        initializer,
        input: rest.input ?? [port("x", ["batch", 1, 4, 3])],
        output: [port("y", ["batch", 5])],
      },
    }),
  );

/** As PyTorch exports `x.view(x.shape[0], -1)`, two linear layers and a softmax. */
const exported = () =>
  model(
    [
      node("Shape", ["x"], "shape"),
      node("Gather", ["shape", "zero"], "rows", [int("axis", 0)]),
      node("Unsqueeze", ["rows", "axes"], "rows1"),
      node("Concat", ["rows1", "rest"], "target", [int("axis", 0)]),
      node("Reshape", ["x", "target"], "flat"),
      node("Gemm", ["flat", "w0", "b0"], "h0", [int("transB", 1)]),
      node("Relu", ["h0"], "h1"),
      node("MatMul", ["h1", "w1"], "h2"),
      node("Add", ["h2", "b1"], "h3"),
      node("Softmax", ["h3"], "y", [int("axis", -1)]),
    ],
    [
      weights("w0", [8, 12]),
      weights("b0", [8]),
      weights("w1", [8, 5]),
      weights("b1", [5]),
      integers("zero", [0], []),
      integers("axes", [0]),
      integers("rest", [-1]),
    ],
  );

describe("what cannot be run is refused by name", () => {
  test.each([
    ["an unknown op", [node("LSTM", ["x"], "y")], 17, /\/LSTM \(LSTM, opset 17\)/],
    ["another domain", [node("Gelu", ["x"], "y", [], "com.microsoft")], 17, /com\.microsoft\.Gelu/],
    ["a shape that depends on data", [node("Reshape", ["x", "x"], "y")], 17, UnsupportedModelError],
    ["shapes that do not fit", [node("MatMul", ["x", "w"], "y")], 17, UnsupportedModelError],
    ["an exponent without a fixed order", [node("Pow", ["x", "x"], "y")], 17, UnsupportedModelError],
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
      dataType: FLOAT,
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
  const file = exported();
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
