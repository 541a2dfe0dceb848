import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { randomTensor, uniform } from "./tensors.ts";

// Foreign models as exporters write them, built by hand.

const FLOAT = 1;
const INT64 = 7;
const random = uniform(3);

export const port = (name: string, dims: (number | string)[], elemType = FLOAT) =>
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

export const weights = (name: string, shape: number[]) =>
  create(onnx.TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: FLOAT,
    floatData: Array.from(randomTensor(random, "float32", shape).data as Float32Array),
  });

export const integers = (name: string, values: number[], shape = [values.length]) =>
  create(onnx.TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: INT64, int64Data: values.map(BigInt) });

export const int = (name: string, i: number) => create(onnx.AttributeProtoSchema, { name, type: 2, i: BigInt(i) });

export const ints = (name: string, ...values: number[]) =>
  create(onnx.AttributeProtoSchema, { name, type: 7, ints: values.map(BigInt) });

export const node = (
  opType: string,
  input: string[],
  output: string,
  attribute: onnx.AttributeProto[] = [],
  domain = "",
) => create(onnx.NodeProtoSchema, { name: `/${opType}`, opType, domain, input, output: [output], attribute });

export const model = (
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
export const exportedClassifier = () =>
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
