// A convolutional network as exporters write it: what it computes after import, and that it can be trained on.
import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { softmaxCrossEntropy } from "../../../verifier/autodiff/loss.ts";
import { trainStep } from "../../../verifier/autodiff/train-step.ts";
import { batchInput, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import { checkGraph } from "../../../verifier/model/check.ts";
import { onnxGraphs } from "../../../verifier/model/onnx/graphs.ts";
import { importOnnx } from "../../../verifier/model/onnx/import.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { DESCENT, descentError } from "../../support/descent-error.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const random = uniform(13);
const FLOAT = 1;

const port = (name: string, dims: (number | string)[]) =>
  create(onnx.ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType: FLOAT,
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

const weights = (name: string, shape: number[], low = -0.5, high = 0.5) =>
  create(onnx.TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: FLOAT,
    floatData: Array.from(randomTensor(random, "float32", shape, low, high).data as Float32Array),
  });

const int = (name: string, i: number) => create(onnx.AttributeProtoSchema, { name, type: 2, i: BigInt(i) });
const ints = (name: string, ...values: number[]) =>
  create(onnx.AttributeProtoSchema, { name, type: 7, ints: values.map(BigInt) });

const node = (opType: string, input: string[], output: string, attribute: onnx.AttributeProto[] = []) =>
  create(onnx.NodeProtoSchema, { name: `/${output}/${opType}`, opType, input, output: [output], attribute });

const norm = (name: string, channels: number) => [
  weights(`${name}_scale`, [channels], 0.5, 1.5),
  weights(`${name}_shift`, [channels]),
  weights(`${name}_mean`, [channels]),
  weights(`${name}_variance`, [channels], 0.5, 2),
];
const normInputs = (x: string, name: string) => [
  x,
  ...["scale", "shift", "mean", "variance"].map((part) => `${name}_${part}`),
];

/** A stem, a residual block whose shortcut is strided, a depthwise and a pointwise convolution, a mean, a linear layer. */
const file = toBinary(
  onnx.ModelProtoSchema,
  create(onnx.ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: "", version: 17n }],
    graph: {
      name: "main_graph",
      input: [port("x", ["batch", 3, 15, 16])],
      output: [port("y", ["batch", 5])],
      node: [
        node("Conv", ["x", "stem"], "c0", [
          ints("kernel_shape", 7, 7),
          ints("strides", 2, 2),
          ints("pads", 3, 3, 3, 3),
        ]),
        node("BatchNormalization", normInputs("c0", "n0"), "b0"),
        node("Relu", ["b0"], "r0"),
        node("MaxPool", ["r0"], "p0", [ints("kernel_shape", 3, 3), ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)]),
        node("Conv", ["p0", "w1", "v1"], "c1", [ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)]),
        node("Conv", ["p0", "shortcut"], "s1", [ints("strides", 2, 2)]),
        node("Add", ["c1", "s1"], "a1"),
        node("Relu", ["a1"], "r1"),
        node("Conv", ["r1", "depth"], "d2", [int("group", 8), ints("pads", 1, 1, 1, 1)]),
        node("Conv", ["d2", "point"], "c2"),
        node("ConvTranspose", ["c2", "up"], "u3", [ints("strides", 2, 2)]),
        node("AveragePool", ["u3"], "q3", [ints("kernel_shape", 2, 2), ints("strides", 2, 2)]),
        node("GlobalAveragePool", ["q3"], "g3"),
        node("Flatten", ["g3"], "f3"),
        node("Gemm", ["f3", "w4", "v4"], "y", [int("transB", 1)]),
      ],
      initializer: [
        weights("stem", [4, 3, 7, 7]),
        ...norm("n0", 4),
        weights("w1", [8, 4, 3, 3]),
        weights("v1", [8]),
        weights("shortcut", [8, 4, 1, 1]),
        weights("depth", [8, 1, 3, 3]),
        weights("point", [6, 8, 1, 1]),
        weights("up", [6, 3, 2, 2]),
        weights("w4", [5, 3]),
        weights("v4", [5]),
      ],
    },
  }),
);

test("computes what onnxruntime computes of the original, in canonical form", async () => {
  const x = randomTensor(random, "float32", [3, 3, 15, 16]);
  const { parameters, inputs, forward } = importOnnx(file, { batchRows: 3 });
  const draft = newDraft();
  const state = parameters.map(({ name, start }) => stateInput(draft, name, start));
  const [y] = forward(draft, state, [batchInput(draft, "x", inputs[0]!.type)]);
  const graph = finish(draft, { kind: "infer", stateOutputs: [y!] });
  checkGraph(graph, "strict");
  const start = parameters.map((parameter) => parameter.start);
  const expected = evaluate(graph, start, [x])[graph.stateOutputs[0]!]!;

  const own = await onnxRuntime({ threads: 1 }).open(graph);
  const [actual] = (await own.step(start, [x])).state;
  await own.close();
  expect(Array.from(actual!.data as Float32Array)).toEqual(Array.from(expected.data as Float32Array));

  const session = await InferenceSession.create(file);
  const original = (await session.run({ x: new OrtTensor("float32", x.data as Float32Array, [3, 3, 15, 16]) })).y!;
  await session.release();
  for (const [i, value] of (original.data as Float32Array).entries()) expect(actual!.data[i]).toBeCloseTo(value, 4);
});

test("the gradient of all its weights agrees with finite differences along random directions", () => {
  const columns = [
    { name: "x", type: { dtype: "float32", shape: [4, 3, 15, 16] } },
    { name: "labels", type: { dtype: "uint8", shape: [4] } },
  ] as const;
  const { train } = onnxGraphs(
    { file, loss: { kind: "ce" }, optimizer: DESCENT, batchRows: 2, evaluateBatchRows: 1, profile: "strict" },
    columns,
  );
  const x = randomTensor(random, "float32", [2, 3, 15, 16]);
  const feeds = [{ ...x, data: Float64Array.from(x.data as Float32Array) }, randomTensor(random, "uint8", [2], 0, 5)];
  // Given statistics of a norm are what they are.
  const error = descentError(train, feeds, { seed: 19, noise: 0.05, still: /_(mean|variance)$/ });
  expect(error).toBeLessThan(1e-6);
});

test("is trained on from its weights, one filter and single positions included", async () => {
  const { parameters, inputs, forward } = importOnnx(file, { batchRows: 4 });
  const { graph, state } = trainStep(
    {
      parameters,
      batch: [...inputs, { name: "labels", type: { dtype: "uint8", shape: [4] } }],
      loss: (draft, ids, [x, labels]) => softmaxCrossEntropy(draft, forward(draft, ids, [x!])[0]!, labels!),
    },
    { kind: "sgd", learningRate: 0.01 },
  );
  checkGraph(graph, "strict");
  const batch: Tensor[] = [randomTensor(random, "float32", [4, 3, 15, 16]), randomTensor(random, "uint8", [4], 0, 5)];
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  let current: readonly Tensor[] = state.map(({ start }) => start);
  const losses: number[] = [];
  for (let step = 0; step < 8; step++) {
    const result = await session.step(current, batch);
    losses.push(result.loss!.data[0] as number);
    current = result.state;
  }
  await session.close();
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  // Running statistics are no parameters to descend on.
  for (const name of ["n0_mean", "n0_variance"]) {
    const at = state.findIndex((item) => item.name === name);
    expect(current[at]!.data).toEqual(state[at]!.start.data);
  }
});
