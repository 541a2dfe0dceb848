import { create } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { type Graph, type Node, type Value, type ValueId, valueAt } from "../../graph/graph.ts";
import { dtypes } from "../../tensor/tensor.ts";
import { spell } from "./operators.ts";

export type Dim = number | string;

/** A typed port; a string dimension is symbolic. */
export function port(name: string, value: Value, leading: readonly Dim[] = []): onnx.ValueInfoProto {
  const dim = [...leading, ...value.shape].map((size) => ({
    value:
      typeof size === "string"
        ? { case: "dimParam" as const, value: size }
        : { case: "dimValue" as const, value: BigInt(size) },
  }));
  return create(onnx.ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: dtypes[value.dtype].code, shape: { dim } } } },
  });
}

/** Attributes in the order of their names: files are compared by their bytes. */
export function nodeProto(
  name: string,
  opType: string,
  input: string[],
  output: string[],
  attributes: Readonly<Record<string, number | string | readonly number[]>>,
): onnx.NodeProto {
  const attribute = Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) =>
      typeof value === "string"
        ? create(onnx.AttributeProtoSchema, {
            name: key,
            type: onnx.AttributeProto_AttributeType.STRING,
            s: new TextEncoder().encode(value),
          })
        : typeof value === "number"
          ? create(onnx.AttributeProtoSchema, {
              name: key,
              type: onnx.AttributeProto_AttributeType.INT,
              i: BigInt(value),
            })
          : create(onnx.AttributeProtoSchema, {
              name: key,
              type: onnx.AttributeProto_AttributeType.INTS,
              ints: value.map(BigInt),
            }),
    );
  return create(onnx.NodeProtoSchema, { name, opType, input, output, attribute });
}

/** Integer lists become shared initializers named by their content. */
const listName = (list: readonly number[]): string => `int64_${list.join("_")}`;

function listProto(list: readonly number[]): onnx.TensorProto {
  const data = BigInt64Array.from(list, BigInt);
  return create(onnx.TensorProtoSchema, {
    name: listName(list),
    dims: [BigInt(list.length)],
    dataType: dtypes.int64.code,
    rawData: new Uint8Array(data.buffer),
  });
}

/** Names under which state outputs leave the file: their values' own, or `next_…` where a step leaves a state alone. */
export function stateOutputNames(graph: Graph): string[] {
  const produced = new Set<ValueId>(graph.nodes.map((node) => node.output));
  return graph.stateOutputs.map((output) => {
    const { name } = valueAt(graph, output);
    return produced.has(output) ? name : `next_${name}`;
  });
}

/** Body of the graph: its nodes, its constants, and an Identity for each state left alone that is listed. */
export function body(
  graph: Graph,
  untouched: readonly number[],
): { node: onnx.NodeProto[]; initializer: onnx.TensorProto[] } {
  const lists = new Map<string, readonly number[]>();
  const operator = (node: Node): onnx.NodeProto => {
    const spelling = spell(node);
    for (const list of spelling.lists) if (list !== null) lists.set(listName(list), list);
    const { name } = valueAt(graph, node.output);
    const inputs = [
      ...node.inputs.map((id) => valueAt(graph, id).name),
      ...spelling.lists.map((list) => (list === null ? "" : listName(list))),
    ];
    return nodeProto(name, node.op, inputs, [name], spelling.attributes);
  };
  const outputNames = stateOutputNames(graph);
  const copies = untouched.map((index) => {
    const name = outputNames[index]!;
    return nodeProto(name, "Identity", [valueAt(graph, graph.stateOutputs[index]!).name], [name], {});
  });
  const node = [...graph.nodes.map(operator), ...copies];
  const constants = graph.constants.map(({ value, bytes }) => {
    const { name, dtype, shape } = valueAt(graph, value);
    return create(onnx.TensorProtoSchema, {
      name,
      dims: shape.map(BigInt),
      dataType: dtypes[dtype].code,
      rawData: Uint8Array.from(bytes),
    });
  });
  return { node, initializer: [...constants, ...[...lists.values()].map(listProto)] };
}

/** Indices of the state outputs that are no node's output. */
export function untouchedStates(graph: Graph): number[] {
  const produced = new Set<ValueId>(graph.nodes.map((node) => node.output));
  return graph.stateOutputs.flatMap((output, index) => (produced.has(output) ? [] : [index]));
}
