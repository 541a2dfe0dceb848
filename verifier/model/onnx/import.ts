import { fromBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { AnhError } from "../../../common/errors.ts";
import type { BatchSpec, StateSpec } from "../../autodiff/train-step.ts";
import { batchInput, constant, type Draft, rename, stateInput } from "../../graph/draft.ts";
import { type ValueId, valueAt } from "../../graph/graph.ts";
import { newDraft } from "../../ops/table.ts";
import { dtypeOfCode } from "../../tensor/tensor.ts";
import { ModelFileError, UnsupportedModelError } from "../errors.ts";
import { fold } from "../fold.ts";
import { underAngles } from "./import-angles.ts";
import type { ForeignNode, Handler } from "./import-node.ts";
import { handlers } from "./import-ops.ts";
import { type ExternalData, tensorOf } from "./tensors.ts";

const OLDEST_OPSET = 13;

export type ImportOptions = {
  /** Sizes of symbolic dimensions, by name; unnamed or unlisted ones take `batchRows`. */
  readonly dimensions?: Readonly<Record<string, number>>;
  readonly batchRows: number;
  readonly external?: ExternalData;
  /** Initializers that are constants though a training could change them: tables, or layers that are to stay as they are. */
  readonly frozen?: readonly string[];
};

/** A foreign forward graph. Float32 initializers of more than one element are its parameters. */
export type ImportedModel = {
  readonly parameters: readonly StateSpec[];
  readonly inputs: readonly BatchSpec[];
  readonly outputs: readonly string[];
  /** Emits the model in canonical form; one value per name (else per output). Throws `UnsupportedModelError` by the node's name. */
  readonly forward: Forward;
  /** What `op` over the last axis is applied to, where that is what gives the value of this name. */
  readonly before: (name: string, op: string) => string | undefined;
  readonly opset: number;
  /** Every node that cannot be run; what only follows from an earlier refusal is not repeated. */
  readonly refusals: () => Refusal[];
};

type Forward = (
  draft: Draft,
  parameters: readonly ValueId[],
  inputs: readonly ValueId[],
  names?: readonly string[],
) => ValueId[];

/** A node as its file names it, and why it cannot be run. */
export type Refusal = {
  readonly node: string;
  readonly op: string;
  readonly opset: number;
  readonly error: UnsupportedModelError;
};

/** Names that a hint lists. */
const SHOWN = 12;

/** Reads a model of the supported ops, opset 13 or newer, from any exporter. */
export function importOnnx(bytes: Uint8Array, options: ImportOptions): ImportedModel {
  const { graph, opset } = parse(bytes);
  const external = options.external ?? (() => undefined);
  const tensors = graph.initializer.map((proto) => ({ name: proto.name, start: tensorOf(proto, external) }));
  // Scales of a Resize are floats too, but say what to do; so do the frequencies of a rotary embedding.
  const scales = graph.node.flatMap(({ opType, input }) => (opType === "Resize" ? input.slice(1) : []));
  const frozen = options.frozen ?? [];
  const missing = frozen.find((name) => !tensors.some((tensor) => tensor.name === name));
  if (missing !== undefined) {
    const names = tensors.filter(({ start }) => start.dtype === "float32").map(({ name }) => name);
    const hint = `it stores ${names.length} of floats: ${names.slice(0, SHOWN).join(", ")}${names.length > SHOWN ? ", …" : ""}`;
    throw new ModelFileError("model", `a tensor ${missing}, which is to be frozen`, "none", undefined, hint);
  }
  const settings = new Set([...scales, ...underAngles(graph), ...frozen]);
  const parameters = tensors.filter(
    ({ name, start }) => start.dtype === "float32" && start.data.length > 1 && !settings.has(name),
  );
  const constants = tensors.filter((tensor) => !parameters.includes(tensor));
  const initialized = new Set(tensors.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !initialized.has(name)).map((info) => inputOf(info, options));
  const open = (draft: Draft, parameterIds: readonly ValueId[], inputIds: readonly ValueId[]): Compiler => {
    const ids = new Map<string, ValueId>();
    for (const [i, { name }] of parameters.entries()) ids.set(name, parameterIds[i]!);
    for (const [i, { name }] of inputs.entries()) ids.set(name, inputIds[i]!);
    for (const { name, start } of constants) ids.set(name, constant(draft, start));
    return { draft, opset, ids, taken: new Set(draft.values.map(({ name }) => name)) };
  };
  const outputs = graph.output.map(({ name }) => name);
  return {
    opset,
    parameters,
    inputs,
    outputs,
    before: (name, op) => {
      const proto = graph.node.find(({ output }) => output[0] === name);
      const axis = proto?.attribute.find((attribute) => attribute.name === "axis");
      const rank = rankOf(graph, name);
      const last = axis === undefined || axis.i === -1n || (rank !== undefined && Number(axis.i) === rank - 1);
      return proto?.opType === op && proto.domain === "" && last ? proto.input[0] : undefined;
    },
    forward: (draft, parameterIds, inputIds, names = outputs) => {
      const compiler = open(draft, parameterIds, inputIds);
      for (const proto of graph.node) compile(compiler, proto);
      return names.map((name) => {
        const id = compiler.ids.get(name);
        if (id === undefined) throw new ModelFileError(name, "an output that some node gives", "none");
        return id;
      });
    },
    refusals: () => {
      const draft = newDraft();
      const parameterIds = parameters.map(({ name, start }) => stateInput(draft, name, start));
      const inputIds = inputs.map(({ name, type }) => batchInput(draft, name, type));
      return refusalsOf(open(draft, parameterIds, inputIds), graph.node);
    },
  };
}

/** Rank of an output, where the file says it. */
function rankOf(graph: onnx.GraphProto, name: string): number | undefined {
  const type = graph.output.find((output) => output.name === name)?.type?.value;
  return type?.case === "tensorType" ? type.value.shape?.dim.length : undefined;
}

/** What compiling a model's nodes one after the other goes by. */
type Compiler = {
  readonly draft: Draft;
  readonly opset: number;
  /** By the model's names. */
  readonly ids: Map<string, ValueId>;
  /** Names of the draft's values. */
  readonly taken: Set<string>;
};

/** Compiles what can be compiled: behind a refused node shapes are unknown, but an op that nothing here runs shows anyway. */
function refusalsOf(compiler: Compiler, nodes: readonly onnx.NodeProto[]): Refusal[] {
  const refusals: Refusal[] = [];
  const unknown = new Set<string>();
  for (const proto of nodes) {
    const behind = proto.input.some((input) => unknown.has(input));
    const error = refusalIn(() => (behind ? void handlerOf(proto, compiler.opset) : compile(compiler, proto)));
    if (error !== undefined) refusals.push({ node: nameOf(proto), op: opOf(proto), opset: compiler.opset, error });
    if (behind || error !== undefined) for (const output of proto.output) unknown.add(output);
  }
  return refusals;
}

function refusalIn(attempt: () => void): UnsupportedModelError | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedModelError) return error;
    throw error;
  }
}

function parse(bytes: Uint8Array): { graph: onnx.GraphProto; opset: number } {
  let model: onnx.ModelProto;
  try {
    model = fromBinary(onnx.ModelProtoSchema, bytes);
  } catch (error) {
    throw new ModelFileError("model", "an ONNX file", "bytes that are none", error);
  }
  if (model.graph === undefined)
    throw new ModelFileError("model", "an ONNX file", "one without a graph, or none at all");
  const opset = Number(model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version ?? 0n);
  if (opset < OLDEST_OPSET) throw new ModelFileError("model", `opset ${OLDEST_OPSET} or newer`, String(opset));
  return { graph: model.graph, opset };
}

function inputOf(info: onnx.ValueInfoProto, { dimensions = {}, batchRows }: ImportOptions): BatchSpec {
  const type = info.type?.value;
  if (type?.case !== "tensorType") throw new ModelFileError(info.name, "a tensor", String(type?.case));
  const dtype = dtypeOfCode(type.value.elemType);
  if (dtype === undefined) throw new ModelFileError(info.name, "a known element type", String(type.value.elemType));
  const shape = (type.value.shape?.dim ?? []).map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : (dimensions[value.value ?? ""] ?? batchRows),
  );
  return { name: info.name, type: { dtype, shape } };
}

const nameOf = (proto: onnx.NodeProto): string => (proto.name === "" ? (proto.output[0] ?? "") : proto.name);
const opOf = ({ domain, opType }: onnx.NodeProto): string => (domain === "" ? opType : `${domain}.${opType}`);
const whereOf = (proto: onnx.NodeProto, opset: number): string => `${nameOf(proto)} (${opOf(proto)}, opset ${opset})`;

function handlerOf(proto: onnx.NodeProto, opset: number): Handler {
  const handler = proto.domain === "" && Object.hasOwn(handlers, proto.opType) ? handlers[proto.opType] : undefined;
  if (handler !== undefined) return handler;
  const supported = `Supported: ${Object.keys(handlers).join(", ")}.`;
  throw new UnsupportedModelError(whereOf(proto, opset), "this op is not supported", supported);
}

/** Emits one node; its first output, or all of them, are known by the model's names from here on. */
function compile({ draft, opset, ids, taken }: Compiler, proto: onnx.NodeProto): void {
  const name = nameOf(proto);
  const inputs = proto.input.map((input) => {
    const id = ids.get(input);
    if (input !== "" && id === undefined) throw new ModelFileError(name, `a value named ${input}`, "none");
    return id;
  });
  const node: ForeignNode = { name, op: proto.opType, opset, draft, inputs, proto };
  const handler = handlerOf(proto, opset);
  const mark = draft.nodes.length;
  try {
    const output = handler(node);
    const outputs = typeof output === "number" ? [fold(draft, mark, inputs, output)] : output;
    nameFresh(draft, mark, name, taken);
    for (const [i, id] of outputs.entries()) ids.set(proto.output[i]!, id);
  } catch (error) {
    if (!(error instanceof AnhError) || error instanceof UnsupportedModelError) throw error;
    throw new UnsupportedModelError(whereOf(proto, opset), error.message, "Check the shapes and types at this node.");
  }
}

/** `<the model's node>.<op>`: who reads of a primitive, in a gate's refusal or a dispute, knows where it came from. */
function nameFresh(draft: Draft, mark: number, name: string, taken: Set<string>): void {
  for (const { op, output } of draft.nodes.slice(mark)) {
    if (valueAt(draft, output).name !== "") continue;
    const base = `${name}.${op.toLowerCase()}`;
    let unique = base;
    for (let i = 2; taken.has(unique); i++) unique = `${base}_${i}`;
    taken.add(unique);
    rename(draft, output, unique);
  }
}
