import type { Hex } from "viem";
import {
  attributes,
  type EncodedGraph,
  type EncodedGraphHeader,
  type EncodedNode,
  type EncodedOperand,
  type EncodedValue,
  INIT,
  NO_VALUE,
  OP,
} from "../../common/graph-encoding.ts";
import { TASK_KIND } from "../../common/task.ts";
import { type Attributes, datasetFeeds, type Graph, type OpName, type ValueId, valueAt } from "../graph/graph.ts";
import { tensorRoot } from "../tensor/root.ts";
import { dtypes } from "../tensor/tensor.ts";
import { nodeCost } from "./cost.ts";
import type { Layout } from "./layout.ts";
import { type Placement, placementOf } from "./placement.ts";

const NO_RULE = { init: INIT.none, scaleBits: 0 };
const ONE_BITS = 0x3f800000;

/** Everything the graph root commits to (P5.5–P5.7). */
export function encodeGraph(graph: Graph, placement: Placement = placementOf(graph)): EncodedGraph {
  if (graph.shown !== undefined) return graph.shown.encoded;
  const typed = (id: ValueId) => {
    const { dtype, shape } = valueAt(graph, id);
    return { dtype: dtypes[dtype].code, shape };
  };
  return {
    header: encodeHeader(graph, placement),
    constants: graph.constants.map(({ value, bytes }) => ({ ...typed(value), tensorRoot: tensorRoot(bytes) })),
    states: graph.stateInputs.map(({ value, source, rule = NO_RULE }) => ({ ...typed(value), source, ...rule })),
    feeds: graph.batchInputs.map((id, i) => ({ ...typed(id), keep: graph.masks[i - datasetFeeds(graph)] ?? 0 })),
    nextStates: graph.stateOutputs.map((id) => encodeValue(graph, placement, id)),
    nodes: graph.nodes.map((_, index) => encodeNode(graph, placement, index)),
  };
}

export function encodeHeader(graph: Graph, placement: Placement): EncodedGraphHeader {
  if (graph.shown !== undefined) return graph.shown.encoded.header;
  return {
    kind: TASK_KIND[graph.kind],
    constants: graph.constants.length,
    states: graph.stateInputs.length,
    feeds: graph.batchInputs.length,
    datasetFeeds: datasetFeeds(graph),
    nextStates: graph.stateOutputs.length,
    nodes: graph.nodes.length,
    exactCount: placement.exact.length,
    looseCount: placement.loose.length,
    loss: graph.loss === null ? NO_VALUE : encodeValue(graph, placement, graph.loss),
  };
}

export function encodeNode(graph: Graph, placement: Placement, index: number): EncodedNode {
  if (graph.shown !== undefined) return graph.shown.encoded.nodes[index]!;
  const node = graph.nodes[index]!;
  const { flops, bytes } = nodeCost(graph, node);
  return {
    op: OP[node.op],
    attributes: encodeAttributes(node.op, node.attributes),
    inputs: node.inputs.map((id, operand) => encodeOperand(graph, placement, index, id, operand)),
    outputs: [encodeValue(graph, placement, node.output)],
    flops,
    bytes_: bytes,
  };
}

export function encodeValue(graph: Graph, placement: Placement, id: ValueId): EncodedValue {
  const { dtype, shape } = valueAt(graph, id);
  return { ...placement.places[id]!, dtype: dtypes[dtype].code, shape };
}

function encodeOperand(
  graph: Graph,
  placement: Placement,
  nodeIndex: number,
  id: ValueId,
  operand: number,
): EncodedOperand {
  const value = encodeValue(graph, placement, id);
  const read = placement.operands[nodeIndex]![operand]!;
  if (read === null) return { value, layoutPlace: 0, layoutIndex: 0, layout: [] };
  return { value, layoutPlace: read.at.place, layoutIndex: read.at.index, layout: encodeLayout(read.layout) };
}

export const encodeLayout = ({ batch, rows, cols }: Layout): readonly number[] => [batch, rows, cols];

export function encodeAttributes(op: OpName, of: Attributes): Hex {
  const list = (name: string) => of[name] as readonly number[];
  const int = (name: string) => of[name] as number;
  const pair = (name: string) => list(name) as readonly [number, number];
  const four = (name: string) => list(name) as readonly [number, number, number, number];
  switch (op) {
    case "Gemm":
      return attributes.gemm(ONE_BITS, ONE_BITS, int("transA") === 1, int("transB") === 1);
    case "ReduceSum":
    case "ReduceMax":
      return attributes.reduce(list("axes"), int("keepdims") === 1);
    case "ArgMax":
      return attributes.argMax(int("axis"), int("keepdims") === 1);
    case "Transpose":
      return attributes.transpose(list("perm"));
    case "Slice":
      return attributes.slice(list("starts"), list("steps"));
    case "Concat":
    case "Gather":
    case "GatherElements":
    case "ScatterElements":
      return attributes.axis(int("axis"));
    case "Conv":
      return attributes.conv(pair("strides"), four("pads"), pair("dilations"), int("group"));
    case "ConvTranspose":
      return attributes.conv(pair("strides"), four("pads"), pair("dilations"), int("group"), pair("output_padding"));
    case "MaxPool":
      return attributes.pool(pair("kernel_shape"), pair("strides"), four("pads"), pair("dilations"));
    case "Pad":
      return attributes.pad(list("pads").slice(0, list("pads").length / 2));
    default:
      return "0x";
  }
}
