// Files of the ONNX project's conformance suite as networks to train: what they are given beside their first input becomes weights.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { describe, expect, test } from "vitest";
import { type DatasetColumn, onnxGraphs } from "../../../verifier/model/onnx/graphs.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { hasOnnxCases, type OnnxCase, onnxCases } from "../../support/onnx-cases.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const NAMES = new Set([
  "basic_conv_with_padding",
  "batchnorm_epsilon",
  "conv_with_autopad_same",
  "conv_with_strides_and_asymmetric_padding",
  "convtranspose_dilations",
  "convtranspose_pads",
  "gemm_alpha",
  "gemm_beta",
  "gemm_default_no_bias",
  "gemm_default_vector_bias",
  "gemm_transposeB",
  "instancenorm_epsilon",
  "layer_normalization_2d_axis1",
  "layer_normalization_4d_axis_negative_2",
  "matmul_2d",
  "prelu_broadcast",
]);
const STEPS = 200;

const cases = hasOnnxCases ? onnxCases().filter(({ name }) => NAMES.has(name)) : [];
const random = uniform(23);

/** The case's file with a symbolic batch, one output, and all inputs but the first as initializers. */
function network({ model, inputs }: OnnxCase, weight: (tensor: Tensor) => Tensor): Uint8Array {
  const proto = fromBinary(onnx.ModelProtoSchema, model);
  const graph = proto.graph!;
  const [data, ...rest] = graph.input;
  const batch = data!.type!.value;
  if (batch.case === "tensorType") batch.value.shape!.dim[0]!.value = { case: "dimParam", value: "batch" };
  graph.input = [data!];
  graph.output = graph.output.slice(0, 1);
  for (const [i, tensor] of inputs.slice(1).entries())
    graph.initializer.push(
      create(onnx.TensorProtoSchema, {
        name: rest[i]!.name,
        dims: tensor.shape.map(BigInt),
        dataType: 1,
        rawData: bytesOf(weight(tensor)).slice(),
      }),
    );
  return toBinary(onnx.ModelProtoSchema, proto);
}

/** Weights a little off. */
const moved = (tensor: Tensor): Tensor => {
  const noise = randomTensor(random, "float32", tensor.shape, -0.3, 0.3).data;
  return { ...tensor, data: Float32Array.from(tensor.data as Float32Array, (x, i) => x + Number(noise[i])) };
};

/** Mean squared errors from the published output, step by step. */
async function losses(current: OnnxCase, file: Uint8Array, steps: number): Promise<number[]> {
  const [x, y] = [current.inputs[0]!, current.outputs[0]!];
  const name = fromBinary(onnx.ModelProtoSchema, file).graph!.input[0]!.name;
  const columns: DatasetColumn[] = [
    { name, type: x },
    { name: "target", type: y },
  ];
  const { train } = onnxGraphs(
    {
      file,
      loss: { kind: "mse" },
      optimizer: { kind: "adam", learningRate: 0.02, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
      batchRows: x.shape[0]!,
      evaluateBatchRows: 1,
      profile: "tolerant",
    },
    columns,
  );
  const session = await onnxRuntime({ threads: 1 }).open(train.graph);
  let state: readonly Tensor[] = train.state.map(({ start }) => start);
  const found: number[] = [];
  for (let t = 0; t < steps; t++) {
    const result = await session.step(state, [x, y]);
    state = result.state;
    found.push(Number(result.loss!.data[0]));
  }
  await session.close();
  return found;
}

describe.skipIf(!hasOnnxCases)("a published file", () => {
  test("is there for each name", () => expect(cases).toHaveLength(NAMES.size));

  test.each(cases)(
    "$name loses nothing with its own weights, and finds its way back to its output",
    async (current) => {
      const [own] = await losses(
        current,
        network(current, (tensor) => tensor),
        1,
      );
      expect(own).toBeLessThan(1e-9);
      const way = await losses(current, network(current, moved), STEPS);
      expect(way[0]).toBeGreaterThan(1e-3);
      expect(way.at(-1)).toBeLessThan(way[0]! / 10);
    },
  );
});
