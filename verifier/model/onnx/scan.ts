import { create } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { type Graph, valueAt } from "../../graph/graph.ts";
import { body, port, stateOutputNames, untouchedStates } from "./proto.ts";
import { encodeModel } from "./write.ts";

export const startName = (name: string): string => `start_${name}`;
export const endName = (name: string): string => `end_${name}`;
export const stackedName = (name: string): string => `stacked_${name}`;
export const LOSSES = "stacked_losses";

/** Indices of the states that a step changes, be it for another state: they go round the loop, the others stand outside it. */
export const loopStates = (graph: Graph): number[] =>
  graph.stateInputs.map((_, i) => i).filter((i) => graph.stateOutputs[i] !== graph.stateInputs[i]!.value);

/**
 * Any number of steps as one `Scan`: the state crosses the host boundary once a segment. Batch inputs gain a leading
 * axis of steps, losses come out stacked. Bitwise equal to the steps run one by one.
 */
export function toScan(graph: Graph): Uint8Array {
  const loop = loopStates(graph);
  const outputNames = stateOutputNames(graph);
  const state = (index: number) => valueAt(graph, graph.stateInputs[index]!.value);
  const batch = graph.batchInputs.map((id) => valueAt(graph, id));
  const loss = graph.loss === null ? [] : [valueAt(graph, graph.loss)];
  const step = create(onnx.GraphProtoSchema, {
    name: graph.kind,
    input: [...loop.map(state), ...batch].map((value) => port(value.name, value)),
    output: [...loop.map((i) => port(outputNames[i]!, state(i))), ...loss.map((value) => port(value.name, value))],
    ...body(
      graph,
      untouchedStates(graph).filter((i) => loop.includes(i)),
    ),
  });
  const scan = create(onnx.NodeProtoSchema, {
    name: "segment",
    opType: "Scan",
    input: [...loop.map((i) => startName(state(i).name)), ...batch.map((value) => stackedName(value.name))],
    output: [...loop.map((i) => endName(state(i).name)), ...loss.map(() => LOSSES)],
    attribute: [
      create(onnx.AttributeProtoSchema, { name: "body", type: onnx.AttributeProto_AttributeType.GRAPH, g: step }),
      create(onnx.AttributeProtoSchema, {
        name: "num_scan_inputs",
        type: onnx.AttributeProto_AttributeType.INT,
        i: BigInt(batch.length),
      }),
    ],
  });
  const outside = graph.stateInputs.map((_, i) => i).filter((i) => !loop.includes(i));
  return encodeModel(
    create(onnx.GraphProtoSchema, {
      name: "segment",
      node: [scan],
      input: [
        ...loop.map((i) => port(startName(state(i).name), state(i))),
        ...outside.map((i) => port(state(i).name, state(i))),
        ...batch.map((value) => port(stackedName(value.name), value, ["steps"])),
      ],
      output: [
        ...loop.map((i) => port(endName(state(i).name), state(i))),
        ...loss.map((value) => port(LOSSES, value, ["steps"])),
      ],
    }),
    {},
  );
}
