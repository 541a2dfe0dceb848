import { decodeAbiParameters, type Hex, parseAbiParameters } from "viem";
import {
  type EncodedConstant,
  type EncodedFeed,
  type EncodedGraph,
  type EncodedGraphHeader,
  type EncodedNode,
  type EncodedStateInput,
  type EncodedValue,
  feedParameter,
  graphHeaderParameter,
  INIT,
  nodeParameter,
  OP,
  PLACE,
  stateInputParameter,
  valueParameter,
} from "../../common/graph-encoding.ts";
import { TASK_KIND } from "../../common/task.ts";
import { batchInput, constant, emit, maskInput, stateInput } from "../graph/draft.ts";
import { GraphError } from "../graph/errors.ts";
import { finish } from "../graph/finish.ts";
import type { Attributes, Graph, GraphKind, OpName, ValueId } from "../graph/graph.ts";
import type { InitRule } from "../numerics/start-draw.ts";
import { newDraft, ops } from "../ops/table.ts";
import { dtypeOfCode, dtypes, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { encodeGraph } from "./encoding.ts";
import { graphRef } from "./root.ts";

const tag = { type: "bytes32" } as const;

/** Leaves of a graph's tree out of what they are the hashes of (P5.6). */
export const headerOf = (bytes: Hex): EncodedGraphHeader =>
  parsed(() => decodeAbiParameters([tag, graphHeaderParameter], bytes)[1]);

export const stateInputOf = (bytes: Hex): EncodedStateInput =>
  parsed(() => decodeAbiParameters([tag, stateInputParameter], bytes)[1]);

/** How a state tensor starts (P4.7); undefined: as the job's start root names it. */
export function ruleOf({ init, scaleBits }: Pick<EncodedStateInput, "init" | "scaleBits">): InitRule | undefined {
  const known = [INIT.fill, INIT.uniform, INIT.normal].find((code) => code === init);
  if (known !== undefined) return { init: known, scaleBits };
  if (init !== INIT.none || scaleBits !== 0) throw new GraphError("a known rule", `${init}, ${scaleBits}`);
  return undefined;
}

export const feedOf = (bytes: Hex): EncodedFeed => parsed(() => decodeAbiParameters([tag, feedParameter], bytes)[1]);

export const nextStateOf = (bytes: Hex): EncodedValue =>
  parsed(() => decodeAbiParameters([tag, valueParameter], bytes)[1]);

export const nodeOf = (bytes: Hex): EncodedNode => parsed(() => decodeAbiParameters([tag, nodeParameter], bytes)[1]);

export function constantOf(bytes: Hex): EncodedConstant {
  const parameters = parseAbiParameters("bytes32, uint8, uint32[], bytes32");
  const [, dtype, shape, tensorRoot] = parsed(() => decodeAbiParameters(parameters, bytes));
  return { dtype, shape, tensorRoot };
}

export const typeOf = ({ dtype, shape }: Pick<EncodedValue, "dtype" | "shape">): TensorType => {
  const known = dtypeOfCode(dtype);
  if (known === undefined) throw new GraphError("a known element type", String(dtype));
  return { dtype: known, shape };
};

/**
 * The graph that an encoding commits to. Names are no part of it: values get those that the unnamed get. Throws `GraphError`
 * unless the graph's own encoding has the same root, flops and bytes, so that whatever is computed with it is committed alike.
 * @param constants their tensors, in their order
 */
export function decodeGraph(encoded: EncodedGraph, constants: readonly Tensor[]): Graph {
  const graph = parsed(() => graphOf(encoded, constants));
  const [expected, actual] = parsed(() => [graphRef(encoded), graphRef(encodeGraph(graph))] as const);
  if (actual.root !== expected.root || actual.flops !== expected.flops || actual.bytes_ !== expected.bytes_)
    throw new GraphError(`a canonical graph of root ${expected.root}`, actual.root);
  return graph;
}

/** Bytes and numbers of a stranger: whatever does not fit together is one kind of fault. */
function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof GraphError) throw error;
    throw new GraphError("a graph", error instanceof Error ? error.message : String(error));
  }
}

function graphOf({ header, states, feeds, nextStates, nodes }: EncodedGraph, constants: readonly Tensor[]): Graph {
  const kind = (Object.keys(TASK_KIND) as GraphKind[]).find((name) => TASK_KIND[name] === header.kind);
  if (kind === undefined) throw new GraphError("kind 1, 2 or 3", String(header.kind));
  const draft = newDraft();
  const known = knownValues();
  for (const [index, state] of states.entries())
    known.add(
      { ...state, place: PLACE.state, index },
      stateInput(draft, `state${index}`, typeOf(state), state.source, ruleOf(state)),
    );
  for (const [index, feed] of feeds.entries()) {
    const id =
      feed.keep === 0 ? batchInput(draft, `feed${index}`, typeOf(feed)) : maskInput(draft, feed.shape, feed.keep);
    known.add({ ...feed, place: PLACE.feed, index }, id);
  }
  for (const [index, tensor] of constants.entries()) {
    const { dtype, shape } = tensor;
    known.add({ place: PLACE.constant, index, dtype: dtypes[dtype].code, shape }, constant(draft, tensor));
  }
  for (const node of nodes) {
    const op = opOf(node.op);
    const [output] = node.outputs;
    if (output === undefined || node.outputs.length > 1) throw new GraphError("one output", `${node.outputs.length}`);
    const inputs = node.inputs.map(({ value }) => known.take(value));
    known.add(output, emit(draft, op, inputs, attributesOf(op, node, output)));
  }
  const stateOutputs = nextStates.map((value) => known.take(value));
  const { loss } = header;
  return finish(draft, { kind, stateOutputs, ...(loss.place === PLACE.none ? {} : { loss: known.take(loss) }) });
}

/** Values by where they stand and what they are. Reshapes of one value to one shape are several of a kind. */
function knownValues() {
  const ids = new Map<string, ValueId[]>();
  const taken = new Set<ValueId>();
  return {
    add: (value: EncodedValue, id: ValueId): void => {
      const key = keyOf(value);
      ids.set(key, [...(ids.get(key) ?? []), id]);
    },
    /** Of several of a kind one that nobody took yet: each of them is there because it is read. */
    take: (value: EncodedValue): ValueId => {
      const equal = ids.get(keyOf(value)) ?? [];
      const id = equal.find((candidate) => !taken.has(candidate)) ?? equal.at(-1);
      if (id === undefined) throw new GraphError("a value that stands before it is read", keyOf(value));
      taken.add(id);
      return id;
    },
  };
}

const keyOf = ({ place, index, dtype, shape }: EncodedValue): string => `${place}/${index}: ${dtype} [${shape}]`;

export function opOf(code: number): OpName {
  const name = (Object.keys(ops) as OpName[]).find((candidate) => OP[candidate] === code);
  if (name === undefined) throw new GraphError("an op that can be run", String(code));
  return name;
}

/** P5.7; what an encoding leaves to the shapes comes from them. */
export function attributesOf(
  op: OpName,
  { attributes, inputs }: EncodedNode,
  { dtype, shape }: EncodedValue,
): Attributes {
  const read = (parameters: string) =>
    decodeAbiParameters(parseAbiParameters(parameters), attributes) as readonly unknown[];
  const lists = (parameters: string) => read(parameters) as readonly (readonly number[])[];
  switch (op) {
    case "Gemm": {
      const [, , transA, transB] = read("uint32, uint32, bool, bool");
      return { transA: Number(transA), transB: Number(transB) };
    }
    case "ReduceSum":
    case "ReduceMax": {
      const [axes, keepdims] = read("uint32[], bool") as [number[], boolean];
      return { axes, keepdims: Number(keepdims) };
    }
    case "ArgMax": {
      const [axis, keepdims] = read("uint32, bool") as [number, boolean];
      return { axis, keepdims: Number(keepdims) };
    }
    case "Transpose":
      return { perm: lists("uint32[]")[0]! };
    case "Slice": {
      const [starts, steps] = lists("uint32[], int32[]") as [number[], number[]];
      const ends = shape.map((dim, axis) => starts[axis]! + (dim === 0 ? 0 : (dim - 1) * steps[axis]! + 1));
      return { starts, ends, steps };
    }
    case "Concat":
    case "Gather":
    case "GatherElements":
    case "ScatterElements":
      return { axis: read("uint32")[0] as number };
    case "Conv":
    case "ConvTranspose": {
      const [strides, pads, dilations, group, padding] = read("uint32[2], uint32[4], uint32[2], uint32, uint32[2]");
      const window = { strides, pads, dilations, group } as Attributes;
      return op === "Conv" ? window : { ...window, output_padding: padding as number[] };
    }
    case "MaxPool": {
      const [kernel, strides, pads, dilations] = lists("uint32[2], uint32[2], uint32[4], uint32[2]");
      return { kernel_shape: kernel!, strides: strides!, pads: pads!, dilations: dilations! };
    }
    case "Pad": {
      const [before] = lists("uint32[]") as [number[]];
      const [operand] = inputs;
      return { pads: [...before, ...shape.map((dim, axis) => dim - operand!.value.shape[axis]! - before[axis]!)] };
    }
    case "Reshape":
    case "Expand":
      return { shape };
    case "Resize":
      return { sizes: shape };
    case "Cast":
      return { to: dtype };
    default:
      return {};
  }
}
