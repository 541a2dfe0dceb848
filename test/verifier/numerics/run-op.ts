// Runs one unary or binary operator on the real onnxruntime under the session options of the strict profile.
import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import * as ort from "onnxruntime-node";

export type Feed = { data: Float32Array; dims: number[] };
type Attributes = Record<string, { i: number } | { f: number } | { ints: number[] }>;

export const SESSION_OPTIONS: ort.InferenceSession.SessionOptions = {
  graphOptimizationLevel: "disabled",
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionProviders: ["cpu"],
  extra: { session: { disable_prepacking: "1" }, "mlas.disable_kleidiai": "1" } as Record<string, unknown>,
};

export async function runOp(
  opType: string,
  feeds: readonly Feed[],
  attributes: Attributes = {},
  options: ort.InferenceSession.SessionOptions = SESSION_OPTIONS,
  constants: readonly number[] = [],
): Promise<Float32Array> {
  const names = feeds.map((_, i) => `x${i}`);
  const isConstant = (i: number) => constants.includes(i);
  const bytes = toBinary(
    onnx.ModelProtoSchema,
    create(onnx.ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }],
      graph: create(onnx.GraphProtoSchema, {
        name: "g",
        node: [
          create(onnx.NodeProtoSchema, {
            opType,
            input: names,
            output: ["y"],
            attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
          }),
        ],
        input: feeds.flatMap((feed, i) => (isConstant(i) ? [] : [valueInfo(names[i]!, feed.dims)])),
        initializer: feeds.flatMap((feed, i) =>
          isConstant(i)
            ? [
                create(onnx.TensorProtoSchema, {
                  name: names[i]!,
                  dataType: 1,
                  dims: feed.dims.map(BigInt),
                  floatData: [...feed.data],
                }),
              ]
            : [],
        ),
        output: [
          create(onnx.ValueInfoProtoSchema, {
            name: "y",
            type: { value: { case: "tensorType", value: { elemType: 1 } } },
          }),
        ],
      }),
    }),
  );
  const session = await ort.InferenceSession.create(bytes, options);
  const inputs: Record<string, ort.Tensor> = {};
  for (const [i, feed] of feeds.entries()) {
    if (!isConstant(i)) inputs[names[i]!] = new ort.Tensor("float32", feed.data, feed.dims);
  }
  const { y } = await session.run(inputs);
  const data = (y!.data as Float32Array).slice();
  await session.release();
  return data;
}

function attribute(name: string, value: Attributes[string]) {
  if ("i" in value) return create(onnx.AttributeProtoSchema, { name, type: 2, i: BigInt(value.i) });
  if ("f" in value) return create(onnx.AttributeProtoSchema, { name, type: 1, f: value.f });
  return create(onnx.AttributeProtoSchema, { name, type: 7, ints: value.ints.map(BigInt) });
}

function valueInfo(name: string, dims: number[]) {
  return create(onnx.ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType: 1,
          shape: { dim: dims.map((d) => ({ value: { case: "dimValue" as const, value: BigInt(d) } })) },
        },
      },
    },
  });
}
