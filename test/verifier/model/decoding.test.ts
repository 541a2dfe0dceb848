import { bytesToHex, type Hex, hexToBytes } from "viem";
import { describe, expect, it } from "vitest";
import {
  constantBytes,
  type EncodedGraph,
  feedBytes,
  graphHeaderBytes,
  nextStateBytes,
  nodeBytes,
  stateInputBytes,
} from "../../../common/graph-encoding.ts";
import { batchInput, constant, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { GraphError } from "../../../verifier/graph/errors.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import {
  constantOf,
  decodeGraph,
  feedOf,
  headerOf,
  nextStateOf,
  nodeOf,
  stateInputOf,
} from "../../../verifier/model/decoding.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { add, reshape } from "../../../verifier/ops/build.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { float32, fromBytes, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { seededRandom } from "../../support/random.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";

const constantsOf = ({ constants, values }: Graph): Tensor[] =>
  constants.map(({ value, bytes }) => fromBytes(values[value]!, bytes));

/** Through the bytes that L1 shows. */
const throughLeaves = ({ header, constants, states, feeds, nextStates, nodes }: EncodedGraph): EncodedGraph => ({
  header: headerOf(graphHeaderBytes(header)),
  constants: constants.map((item) => constantOf(constantBytes(item))),
  states: states.map((item) => stateInputOf(stateInputBytes(item))),
  feeds: feeds.map((item) => feedOf(feedBytes(item))),
  nextStates: nextStates.map((item) => nextStateOf(nextStateBytes(item))),
  nodes: nodes.map((node) => nodeOf(nodeBytes(node))),
});

/** All but names, which of several equal views is read, and the ends of slices: any that give the output's shape are one. */
const described = ({ nodes, values, ...graph }: Graph) => ({
  ...graph,
  values: values.map(({ dtype, shape }) => ({ dtype, shape })),
  nodes: nodes.map(({ op, attributes, output }) => ({
    op,
    output,
    attributes: op === "Slice" ? { ...attributes, ends: [] } : attributes,
  })),
});

const adam = { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const mlp = mlpGraphs({ sizes: [12, 8, 4], batchRows: 8, evaluateBatchRows: 10, optimizer: adam, seed: 1 });
const cnn = cnnGraphs(smallCnn());
const gpt = gptGraphs(smallGpt({ dropout: 0.25 }));

/** One node of each op that these networks do not need. */
function remaining(): Graph {
  const draft = newDraft();
  const image = stateInput(draft, "image", { dtype: "float32", shape: [2, 2, 4, 4] });
  const filter = stateInput(draft, "filter", { dtype: "float32", shape: [2, 3, 2, 2] });
  const window = { strides: [2, 1], pads: [0, 1, 1, 0], dilations: [1, 2], group: 1, output_padding: [1, 0] };
  const wide = emit(draft, "ConvTranspose", [image, filter], window);
  const tall = emit(draft, "Resize", [wide], {
    sizes: wide === 0 ? [] : draft.values[wide]!.shape.map((d, i) => (i > 1 ? 2 * d : d)),
  });
  const padded = emit(draft, "Pad", [tall], { pads: [0, 0, 1, 2, 0, 0, 3, 0] });
  const shape = draft.values[padded]!.shape;
  const cut = emit(draft, "Slice", [padded], {
    starts: [0, 1, 1, 0],
    ends: [2, 3, shape[2]!, shape[3]!],
    steps: [1, 1, 3, 2],
  });
  const none = emit(draft, "Slice", [padded], { starts: [1, 0, 0, 0], ends: [1, 3, 1, 1], steps: [1, 1, 1, 1] });
  return finish(draft, { kind: "infer", stateOutputs: [cut, none] });
}

describe("a graph out of its encoding", () => {
  it.each([
    ["mlp train", mlp.train.graph],
    ["mlp infer", mlp.infer],
    ["mlp evaluate", mlp.evaluate],
    ["cnn train", cnn.train.graph],
    ["cnn infer", cnn.infer],
    ["gpt train, with masks", gpt.train.graph],
    ["gpt evaluate", gpt.evaluate],
    ["the remaining ops", remaining()],
  ])("is the same but for names: %s", (_, graph) => {
    const decoded = decodeGraph(throughLeaves(encodeGraph(graph)), constantsOf(graph));
    expect(encodeGraph(decoded)).toEqual(encodeGraph(graph));
    expect(described(decoded)).toEqual(described(graph));
  });

  it("has each of several equal views of a value", () => {
    const draft = newDraft();
    const x = batchInput(draft, "x", { dtype: "float32", shape: [2, 3] });
    const views = [1, 2].map(() => emit(draft, "Reshape", [x], { shape: [6] }));
    const y = add(draft, views[0]!, add(draft, views[1]!, views[0]!));
    const graph = finish(draft, { kind: "infer", stateOutputs: [reshape(draft, y, [3, 2])] });
    const decoded = decodeGraph(encodeGraph(graph), []);
    expect(encodeGraph(decoded)).toEqual(encodeGraph(graph));
  });

  const encoded = encodeGraph(mlp.infer);
  const constants = constantsOf(mlp.infer);
  const changed = (index: number, change: object): EncodedGraph => ({
    ...encoded,
    nodes: encoded.nodes.map((node, i) => (i === index ? { ...node, ...change } : node)),
  });
  const [first] = encoded.nodes;
  const reader = encoded.nodes.findIndex(({ inputs }) => inputs.some(({ layout }) => layout.length === 3));

  it.each<[string, EncodedGraph, readonly Tensor[]]>([
    ["an op that nobody knows", changed(0, { op: 99 }), constants],
    ["an op that is encoded but never built", changed(0, { op: 44 }), constants],
    ["costs that are not its own", changed(0, { flops: 1n + first!.flops }), constants],
    ["another size", changed(0, { bytes_: 1n + first!.bytes_ }), constants],
    ["another output shape", changed(0, { outputs: [{ ...first!.outputs[0]!, shape: [1, 13] }] }), constants],
    ["two outputs", changed(0, { outputs: [first!.outputs[0]!, first!.outputs[0]!] }), constants],
    ["no output", changed(0, { outputs: [] }), constants],
    ["attributes of another op", changed(reader, { attributes: "0x" }), constants],
    ["a value that comes later", changed(0, { inputs: encoded.nodes.at(-1)!.inputs }), constants],
    [
      "an operand read straight that has a layout",
      changed(reader, {
        inputs: encoded.nodes[reader]!.inputs.map((input) => ({
          ...input,
          layoutPlace: 0,
          layoutIndex: 0,
          layout: [],
        })),
      }),
      constants,
    ],
    ["another kind", { ...encoded, header: { ...encoded.header, kind: 4 } }, constants],
    ["a count of roots that is not its own", { ...encoded, header: { ...encoded.header, exactCount: 77 } }, constants],
    ["a count of feeds that is not its own", { ...encoded, header: { ...encoded.header, datasetFeeds: 7 } }, constants],
    ["a state nobody reads as its end", { ...encoded, nextStates: [] }, constants],
    ["another state's end", { ...encoded, nextStates: [encoded.nodes[0]!.outputs[0]!] }, constants],
    ["another source of a state", { ...encoded, states: encoded.states.toReversed() }, constants],
    ["a feed that is drawn anew", { ...encoded, feeds: encoded.feeds.map((f) => ({ ...f, keep: 1 })) }, constants],
    ["a constant less", encoded, []],
    ["another constant", encoded, [float32([], [2])]],
    ["a node nobody needs", { ...encoded, nodes: [...encoded.nodes, { ...first! }] }, constants],
    ["a node less", { ...encoded, nodes: encoded.nodes.slice(0, -1) }, constants],
  ])("is refused with %s", (_, graph, tensors) => {
    expect(() => decodeGraph(graph, tensors)).toThrow(GraphError);
  });

  it("is refused with the same constant twice, which building makes one", () => {
    const draft = newDraft();
    const x = stateInput(draft, "x", { dtype: "float32", shape: [2] });
    const [one, two] = [1, 2].map((value) => constant(draft, float32([], [value]))) as [number, number];
    const graph = finish(draft, { kind: "infer", stateOutputs: [add(draft, add(draft, x, one), two)] });
    const twice = constantsOf(graph)[0]!;
    const encoded = encodeGraph(graph);
    const constants = [encoded.constants[0]!, encoded.constants[0]!];
    expect(() => decodeGraph({ ...encoded, constants }, [twice, twice])).toThrow(GraphError);
  });

  it("is refused or another one where any byte of a leaf is", () => {
    const random = seededRandom(5);
    const encoded = encodeGraph(mlp.train.graph);
    const { header, nodes } = encoded;
    const bad = (bytes: Hex): Hex => {
      const changed = hexToBytes(bytes);
      changed[random.below(changed.length)]! ^= 1 + random.below(255);
      return bytesToHex(random.below(4) === 0 ? changed.subarray(0, random.below(changed.length)) : changed);
    };
    for (let i = 0; i < 200; i++) {
      const at = random.below(nodes.length);
      try {
        const graph = decodeGraph(
          i % 4 === 0
            ? { ...encoded, header: headerOf(bad(graphHeaderBytes(header))) }
            : {
                ...encoded,
                nodes: nodes.map((node, n) => (n === at ? nodeOf(bad(nodeBytes(node))) : node)),
              },
          constantsOf(mlp.train.graph),
        );
        expect(graph.nodes).toHaveLength(nodes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(GraphError);
      }
    }
  });
});
