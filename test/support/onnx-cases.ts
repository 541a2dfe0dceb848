// The ONNX project's node conformance cases (onnx 1.12, Apache-2.0), read out of the archive in `ANH_VECTORS`.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { tensorOf } from "../../verifier/model/onnx/tensors.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";

const vectors = process.env.ANH_VECTORS ?? new URL("../../../shared/vectors", import.meta.url).pathname;
const archive = join(vectors, "onnx-node-tests.tar.xz");

export const hasOnnxCases = existsSync(archive);

export type OnnxCase = {
  readonly name: string;
  readonly ops: readonly string[];
  /** The model with every operand but the data ones as initializers: axes, shapes and the like are fixed here. */
  readonly model: Uint8Array;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
};

/** Operands that are data; those after them (shapes, axes, limits …) say what to do. Others: all operands. */
const DATA_OPERANDS: Readonly<Record<string, number>> = {
  Clip: 1,
  CumSum: 1,
  Dropout: 1,
  Expand: 1,
  OneHot: 1,
  Pad: 1,
  Pow: 1,
  ReduceSum: 1,
  Reshape: 1,
  Resize: 1,
  Slice: 1,
  Split: 1,
  Squeeze: 1,
  Tile: 1,
  Trilu: 1,
  Unsqueeze: 1,
};

const SUPPORTED = new Set([1, 2, 6, 7, 9]);
const none = () => undefined;

/** All cases of the archive that hold tensors of our types alone; the rest (sequences, doubles, strings …) are left out. */
export function onnxCases(): OnnxCase[] {
  const folder = mkdtempSync(join(tmpdir(), "anh-onnx-"));
  try {
    execFileSync("tar", ["xJf", archive, "-C", folder]);
    const root = join(folder, "onnx-node-tests", "node");
    return readdirSync(root)
      .sort()
      .flatMap((name) => readCase(join(root, name), name) ?? []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readCase(path: string, name: string): OnnxCase | undefined {
  const model = fromBinary(onnx.ModelProtoSchema, readFileSync(join(path, "model.onnx")));
  const graph = model.graph!;
  const ports = [...graph.input, ...graph.output];
  if (!ports.every(({ type }) => type?.value.case === "tensorType" && SUPPORTED.has(type.value.value.elemType))) return;
  const tensorAt = (kind: string, index: number): onnx.TensorProto =>
    fromBinary(onnx.TensorProtoSchema, readFileSync(join(path, "test_data_set_0", `${kind}_${index}.pb`)));
  const inputs = graph.input.map(({ name: input }, i) =>
    create(onnx.TensorProtoSchema, { ...tensorAt("input", i), name: input }),
  );
  const structural = new Set(
    graph.node.flatMap(({ opType, input }) => input.slice(DATA_OPERANDS[opType] ?? input.length)),
  );
  const data = graph.input.filter((input) => !structural.has(input.name));
  return {
    name: name.replace(/^test_/, ""),
    ops: [...new Set(graph.node.map(({ opType }) => opType))],
    model: toBinary(
      onnx.ModelProtoSchema,
      create(onnx.ModelProtoSchema, {
        ...model,
        // Some cases are older than the oldest opset that is read; what they show has not changed since.
        opsetImport: model.opsetImport.map((item) => ({ ...item, version: item.version < 13n ? 13n : item.version })),
        graph: create(onnx.GraphProtoSchema, {
          ...graph,
          input: data,
          initializer: [...graph.initializer, ...inputs.filter((input) => structural.has(input.name))],
        }),
      }),
    ),
    inputs: inputs.filter((input) => !structural.has(input.name)).map((input) => tensorOf(input, none)),
    outputs: graph.output.map((_, i) => tensorOf(tensorAt("output", i), none)),
  };
}

/** The tensors of one case as its files hold them, whatever their types. */
export function publishedTensors(name: string): {
  readonly input: onnx.TensorProto;
  readonly output: onnx.TensorProto;
} {
  const read = (file: string): onnx.TensorProto => {
    const member = `onnx-node-tests/node/test_${name}/test_data_set_0/${file}.pb`;
    return fromBinary(onnx.TensorProtoSchema, execFileSync("tar", ["xJOf", archive, member]));
  };
  return { input: read("input_0"), output: read("output_0") };
}
