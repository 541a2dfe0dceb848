import { fromBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { AnhError } from "../../../common/errors.ts";
import { batchInput, constant, type Draft, emit, maskInput, stateInput } from "../../graph/draft.ts";
import { finish } from "../../graph/finish.ts";
import type { Graph, GraphKind, OpName, ValueId } from "../../graph/graph.ts";
import { newDraft, ops } from "../../ops/table.ts";
import { describe, dtypeOfCode, fromBytes, type TensorType } from "../../tensor/tensor.ts";
import { ruleOf } from "../decoding.ts";
import { ModelFileError } from "../errors.ts";
import { unspell } from "./operators.ts";
import { KIND_KEY, MASKS_KEY, START_KEY, STATE_KEY, toOnnx } from "./write.ts";

const KINDS: readonly GraphKind[] = ["train", "infer", "evaluate"];

/** A canonical graph file, as `toOnnx` writes it and graph roots are taken of. Everything else: `ModelFileError`. */
export function readGraph(bytes: Uint8Array): Graph {
  const graph = parse(bytes);
  if (Buffer.compare(toOnnx(graph), bytes) !== 0) {
    throw new ModelFileError("graph file", "the canonical writing of its graph", "another one");
  }
  return graph;
}

function parse(bytes: Uint8Array): Graph {
  try {
    return graphOf(fromBinary(onnx.ModelProtoSchema, bytes));
  } catch (error) {
    if (error instanceof AnhError) throw error;
    throw new ModelFileError("graph file", "an ONNX model", String(error), error);
  }
}

function graphOf(model: onnx.ModelProto): Graph {
  const proto = model.graph;
  if (proto === undefined) throw new ModelFileError("graph file", "a graph", "none");
  const metadata = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
  const kind = KINDS.find((candidate) => candidate === metadata.get(KIND_KEY));
  if (kind === undefined) throw new ModelFileError(KIND_KEY, KINDS.join(", "), String(metadata.get(KIND_KEY)));
  const sources = wordsOf(STATE_KEY, metadata.get(STATE_KEY) ?? "");
  const rules = (metadata.get(START_KEY) ?? "").split(",").map((word) => {
    const [init = 0, scaleBits = 0] = wordsOf(START_KEY, word.replace(":", ","));
    return ruleOf({ init, scaleBits });
  });
  const masks = wordsOf(MASKS_KEY, metadata.get(MASKS_KEY) ?? "");

  const draft = newDraft();
  const ids = new Map<string, ValueId>();
  for (const [i, input] of proto.input.entries()) {
    const type = typeOf(input);
    const source = sources[i];
    const keep = masks[i - (proto.input.length - masks.length)];
    ids.set(
      input.name,
      source === undefined ? fed(draft, input.name, type, keep) : stateInput(draft, input.name, type, source, rules[i]),
    );
  }
  const lists = readInitializers(draft, proto, ids);
  for (const node of proto.node) readNode(draft, node, ids, lists);

  const idOf = (name: string): ValueId => {
    const id = ids.get(name);
    if (id === undefined) throw new ModelFileError("graph file", `a value named ${name}`, "none");
    return id;
  };
  const outputs = proto.output.map(({ name }) => idOf(name));
  const loss = kind === "train" ? outputs.pop() : undefined;
  return finish(draft, { kind, stateOutputs: outputs, ...(loss === undefined ? {} : { loss }) });
}

function fed(draft: Draft, name: string, type: TensorType, keep: number | undefined): ValueId {
  if (keep === undefined) return batchInput(draft, name, type);
  if (type.dtype !== "bool" || keep === 0)
    throw new ModelFileError(name, "a mask of bools, kept sometimes", describe(type));
  return maskInput(draft, type.shape, keep, name);
}

function wordsOf(key: string, text: string): number[] {
  if (text === "") return [];
  return text.split(",").map((word) => {
    const value = Number(word);
    if (!/^\d+$/.test(word) || value > 0xffffffff) throw new ModelFileError(key, "32-bit integers", word);
    return value;
  });
}

function typeOf(info: onnx.ValueInfoProto): TensorType {
  const type = info.type?.value;
  if (type?.case !== "tensorType") throw new ModelFileError(info.name, "a tensor", String(type?.case));
  const dtype = dtypeOfCode(type.value.elemType);
  if (dtype === undefined) throw new ModelFileError(info.name, "a known element type", String(type.value.elemType));
  const shape = (type.value.shape?.dim ?? []).map(({ value }) => {
    if (value.case !== "dimValue") throw new ModelFileError(info.name, "fixed dimensions", String(value.value));
    return dimension(info.name, value.value);
  });
  return { dtype, shape };
}

function dimension(name: string, value: bigint): number {
  if (value < 0n || value > 0xffffffffn) throw new ModelFileError(name, "32-bit dimensions", String(value));
  return Number(value);
}

/** Constants become values; integer lists (`int64_…`) are kept aside for the nodes that take them as attributes. */
function readInitializers(draft: Draft, proto: onnx.GraphProto, ids: Map<string, ValueId>): Map<string, number[]> {
  const lists = new Map<string, number[]>();
  for (const { name, dims, dataType, rawData } of proto.initializer) {
    const dtype = dtypeOfCode(dataType);
    if (dtype === undefined) throw new ModelFileError(name, "a known element type", String(dataType));
    const type = { dtype, shape: dims.map((dim) => dimension(name, dim)) };
    const tensor = fromBytes(type, rawData);
    if (name.startsWith("int64_")) lists.set(name, Array.from(tensor.data as BigInt64Array, Number));
    else ids.set(name, constant(draft, tensor));
  }
  return lists;
}

function readNode(
  draft: Draft,
  node: onnx.NodeProto,
  ids: Map<string, ValueId>,
  lists: ReadonlyMap<string, number[]>,
): void {
  const output = node.output[0] ?? "";
  const inputs = node.input.flatMap((name) => ids.get(name) ?? []);
  if (node.opType === "Identity") {
    ids.set(output, inputs[0]!);
    return;
  }
  if (!Object.hasOwn(ops, node.opType)) throw new ModelFileError(node.name, "a primitive op", node.opType);
  const op = node.opType as OpName;
  const attributes = unspell(
    op,
    new Map(node.attribute.map((item) => [item.name, item])),
    node.input.flatMap((name) => (lists.has(name) ? [lists.get(name)!] : [])),
  );
  ids.set(output, emit(draft, op, inputs, attributes, output));
}
