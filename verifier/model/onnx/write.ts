import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { type Graph, type ValueId, valueAt } from "../../graph/graph.ts";
import { body, port, stateOutputNames, untouchedStates } from "./proto.ts";

export const OPSET = 18n;
const IR_VERSION = 8n;

/** What an ONNX file cannot say of a step graph: its kind, and each state input's source (P5.5). */
export const KIND_KEY = "anh.kind";
export const STATE_KEY = "anh.state";
/** What the last inputs are drawn with, where they are masks (P4.6). */
export const MASKS_KEY = "anh.masks";

/** How its state tensors start: per state input the rule and the bits of its scale, `0:0` where there is none (P4.7). */
export const START_KEY = "anh.start";

/** The one canonical file of a graph: equal graphs give equal bytes. */
export const toOnnx = (graph: Graph): Uint8Array => encode(graph, []);

/** The same computation with further node outputs exposed; at optimisation level `disabled` no bit changes. */
export const toOnnxWith = (graph: Graph, exposed: readonly ValueId[]): Uint8Array => encode(graph, exposed);

function encode(graph: Graph, exposed: readonly ValueId[]): Uint8Array {
  const ends = new Set([...graph.stateOutputs, ...(graph.loss === null ? [] : [graph.loss])]);
  const outputNames = stateOutputNames(graph);
  const named = (id: ValueId) => port(valueAt(graph, id).name, valueAt(graph, id));
  const output = [
    ...graph.stateOutputs.map((id, i) => port(outputNames[i]!, valueAt(graph, id))),
    ...(graph.loss === null ? [] : [named(graph.loss)]),
    ...exposed.filter((id) => !ends.has(id)).map(named),
  ];
  return encodeModel(
    create(onnx.GraphProtoSchema, {
      name: graph.kind,
      input: [...graph.stateInputs.map((state) => state.value), ...graph.batchInputs].map(named),
      output,
      ...body(graph, untouchedStates(graph)),
    }),
    {
      [KIND_KEY]: graph.kind,
      [STATE_KEY]: graph.stateInputs.map((state) => state.source).join(","),
      ...(graph.stateInputs.some(({ rule }) => rule !== undefined) ? { [START_KEY]: startOf(graph) } : {}),
      ...(graph.masks.length === 0 ? {} : { [MASKS_KEY]: graph.masks.join(",") }),
    },
  );
}

const startOf = ({ stateInputs }: Graph): string =>
  stateInputs.map(({ rule }) => (rule === undefined ? "0:0" : `${rule.init}:${rule.scaleBits}`)).join(",");

export function encodeModel(graph: onnx.GraphProto, metadata: Readonly<Record<string, string>>): Uint8Array {
  return toBinary(
    onnx.ModelProtoSchema,
    create(onnx.ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: "anh",
      opsetImport: [{ domain: "", version: OPSET }],
      graph,
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    }),
  );
}
