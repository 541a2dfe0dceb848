import { hash } from "node:crypto";
import type { InitRule } from "../numerics/start-draw.ts";
import { bytesOf, describe, type Shape, type Tensor, type TensorType } from "../tensor/tensor.ts";
import type { Attributes, Constant, Node, OpName, StateInput, Value, ValueId } from "./graph.ts";
import { valueAt } from "./graph.ts";

/** Shape inference of the op table, handed in so that graph/ stays below ops/. */
export type Infer = (op: OpName, inputs: readonly TensorType[], attributes: Attributes) => TensorType;

/** A stretch of nodes whose gradient is known as a whole, e.g. (softmax − onehot)/N of a cross-entropy. */
export type Composite = {
  readonly firstNode: number;
  readonly lastNode: number;
  readonly inputs: readonly ValueId[];
  readonly output: ValueId;
  readonly vjp: (gradient: ValueId) => readonly (ValueId | null)[];
};

/** A graph under construction; `finish` makes a canonical `Graph` of it. */
export type Draft = {
  readonly infer: Infer;
  readonly values: Value[];
  readonly nodes: Node[];
  readonly constants: Constant[];
  /** By type and content. */
  readonly constantIds: Map<string, ValueId>;
  readonly stateInputs: StateInput[];
  readonly batchInputs: ValueId[];
  readonly maskInputs: { readonly value: ValueId; readonly keep: number }[];
  readonly composites: Composite[];
};

export const createDraft = (infer: Infer): Draft => ({
  infer,
  values: [],
  nodes: [],
  constants: [],
  constantIds: new Map(),
  stateInputs: [],
  batchInputs: [],
  maskInputs: [],
  composites: [],
});

function addValue(draft: Draft, type: TensorType, name: string): ValueId {
  return draft.values.push({ name, dtype: type.dtype, shape: [...type.shape] }) - 1;
}

/** `source`: index in the model's state, by default the next one (training). */
export function stateInput(
  draft: Draft,
  name: string,
  type: TensorType,
  source: number = draft.stateInputs.length,
  rule?: InitRule,
): ValueId {
  const value = addValue(draft, type, name);
  draft.stateInputs.push(rule === undefined ? { value, source } : { value, source, rule });
  return value;
}

export function batchInput(draft: Draft, name: string, type: TensorType): ValueId {
  const id = addValue(draft, type, name);
  draft.batchInputs.push(id);
  return id;
}

/** Bools drawn anew each step from the job's seed, each true with probability keep/2³²; they stand behind the batch inputs. */
export function maskInput(draft: Draft, shape: Shape, keep: number, name = `mask${draft.maskInputs.length}`): ValueId {
  const value = addValue(draft, { dtype: "bool", shape }, name);
  draft.maskInputs.push({ value, keep });
  return value;
}

/** Of a constant among `Draft.constantIds`. */
export const keyOf = (type: TensorType, bytes: Uint8Array): string => `${describe(type)} ${hash("sha256", bytes)}`;

/** Equal constants are one value, so that building twice gives the same graph. */
export function constant(draft: Draft, tensor: Tensor): ValueId {
  const bytes = bytesOf(tensor);
  const key = keyOf(tensor, bytes);
  const known = draft.constantIds.get(key);
  if (known !== undefined) return known;
  const value = addValue(draft, tensor, "");
  draft.constants.push({ value, bytes: bytes.slice() });
  draft.constantIds.set(key, value);
  return value;
}

/** Appends a node; names left out are given by `finish` as `<op>_<id>`. */
export function emit(
  draft: Draft,
  op: OpName,
  inputs: readonly ValueId[],
  attributes: Attributes = {},
  name = "",
): ValueId {
  const type = draft.infer(
    op,
    inputs.map((id) => valueAt(draft, id)),
    attributes,
  );
  const output = addValue(draft, type, name);
  draft.nodes.push({ op, attributes, inputs: [...inputs], output });
  return output;
}

/** Emits `body` and registers `vjp` as the gradient of all its nodes together. */
export function composite(
  draft: Draft,
  inputs: readonly ValueId[],
  body: () => { output: ValueId; vjp: (gradient: ValueId) => readonly (ValueId | null)[] },
): ValueId {
  const firstNode = draft.nodes.length;
  const { output, vjp } = body();
  draft.composites.push({ firstNode, lastNode: draft.nodes.length - 1, inputs, output, vjp });
  return output;
}

export function rename(draft: Draft, id: ValueId, name: string): void {
  draft.values[id] = { ...valueAt(draft, id), name };
}

/** `name`, or with as many `_` behind it as no value of the draft has. */
export const unusedName = (draft: Draft, name: string): string =>
  draft.values.some((value) => value.name === name) ? unusedName(draft, `${name}_`) : name;
