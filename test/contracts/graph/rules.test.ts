// What voids a job (docs/protocol.md P14.2): TypeScript and Solidity must agree on every node, true or false. The executor
// refuses by the one, L1 voids by the other.
import { type Hex, slice } from "viem";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type EncodedGraph,
  type EncodedNode,
  type EncodedOperand,
  type EncodedValue,
  nodeBytes,
  OP,
} from "../../../common/graph-encoding.ts";
import type { Attributes, OpName } from "../../../verifier/graph/graph.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { firstLeaves, graphRef } from "../../../verifier/model/root.ts";
import { falseLeaf, falseNode } from "../../../verifier/model/rules.ts";
import type { DType, Shape } from "../../../verifier/tensor/tensor.ts";
import { leafProof } from "../../../verifier/witness/proofs.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { samples } from "../../verifier/ops/samples.ts";
import { oneNode } from "../leaf/leaf-case.ts";
import { anyTask, type GraphRules, graphOf, openGraphRules } from "./graph-rules.ts";

let rules: GraphRules;
beforeAll(async () => {
  rules = await openGraphRules();
});

const keepsNode = (encoded: EncodedGraph, index: number, node: EncodedNode) =>
  rules.keeps(anyTask, encoded, firstLeaves(encoded.header).node + index, nodeBytes(node), node.flops, node.bytes_);

/** One false word at a time: types, shapes, attributes, layouts, places, cost, operands. */
function* mutations(node: EncodedNode): Generator<EncodedNode> {
  const output = node.outputs[0]!;
  const withOutput = (more: Partial<EncodedValue>): EncodedNode => ({ ...node, outputs: [{ ...output, ...more }] });
  const withOperand = (i: number, more: Partial<EncodedOperand>): EncodedNode => ({
    ...node,
    inputs: node.inputs.with(i, { ...node.inputs[i]!, ...more }),
  });
  for (const more of [1n, -1n]) {
    if (node.flops + more >= 0n) yield { ...node, flops: node.flops + more };
    if (node.bytes_ + more >= 0n) yield { ...node, bytes_: node.bytes_ + more };
  }
  yield { ...node, flops: 2n ** 64n - 1n };
  yield { ...node, outputs: [] };
  yield { ...node, outputs: [output, output] };
  yield { ...node, inputs: [] };
  yield { ...node, inputs: node.inputs.slice(1) };
  yield { ...node, inputs: [...node.inputs, node.inputs[0]!] };
  for (const dtype of [0, 1, 2, 3, 6, 7, 9]) {
    yield withOutput({ dtype });
    for (const [i, { value }] of node.inputs.entries()) yield withOperand(i, { value: { ...value, dtype } });
  }
  const shapes = function* (shape: readonly number[]) {
    yield [];
    yield [...shape, 1];
    yield [1, ...shape];
    yield shape.slice(1);
    for (const [axis, size] of shape.entries())
      for (const other of [0, 1, size + 1, 2 * size, 2 ** 32 - 1]) yield shape.with(axis, other);
  };
  for (const shape of shapes(output.shape)) yield withOutput({ shape });
  for (const [i, { value }] of node.inputs.entries())
    for (const shape of shapes(value.shape)) yield withOperand(i, { value: { ...value, shape } });
  for (const place of [0, 1, 3, 4, 5, 6, 7]) {
    yield withOutput({ place });
    for (const [i, { value }] of node.inputs.entries()) yield withOperand(i, { value: { ...value, place } });
  }
  yield withOutput({ index: 99 });
  for (const [i, { value, layout }] of node.inputs.entries()) {
    yield withOperand(i, { value: { ...value, index: 99 } });
    yield withOperand(i, { layout: [1, 2, 3], layoutPlace: 4 });
    if (layout.length === 0) {
      yield withOperand(i, { layoutPlace: 4 });
      yield withOperand(i, { layoutIndex: 1 });
      continue;
    }
    yield withOperand(i, { layout: [], layoutPlace: 0, layoutIndex: 0 });
    yield withOperand(i, { layoutPlace: 1 });
    yield withOperand(i, { layoutIndex: 99 });
    yield withOperand(i, { layout: [layout[0]!, layout[2]!, layout[1]!] });
    yield withOperand(i, { layout: [...layout, 1] });
  }
  yield { ...node, attributes: `${node.attributes}00` };
  yield { ...node, attributes: `${node.attributes}${"00".repeat(32)}` };
  const words = (node.attributes.length - 2) / 64;
  for (let at = 0; at < words; at++)
    for (const word of [0n, 1n, 2n, 3n, 32n, 64n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 256n - 1n]) {
      const before = at === 0 ? "0x" : slice(node.attributes, 0, 32 * at);
      const after = node.attributes.slice(2 + 64 * (at + 1));
      yield { ...node, attributes: `${before}${word.toString(16).padStart(64, "0")}${after}` as Hex };
    }
  for (const op of Object.values(OP)) yield { ...node, op };
  yield { ...node, op: 0 };
  yield { ...node, op: 255 };
}

/** More of the ops whose rules have several ways. */
const more: [OpName, [DType, Shape][], Attributes][] = [
  [
    "Gemm",
    [
      ["float32", [3, 2]],
      ["float32", [4, 3]],
      ["float32", [1, 4]],
    ],
    { transA: 1, transB: 1 },
  ],
  [
    "MatMul",
    [
      ["float32", [2, 1, 3, 4]],
      ["float32", [5, 4, 2]],
    ],
    {},
  ],
  ["ReduceSum", [["float32", [2, 3, 4]]], { axes: [1], keepdims: 0 }],
  ["ReduceMax", [["float32", [2, 3, 4]]], { axes: [0, 1], keepdims: 1 }],
  ["ArgMax", [["float32", [2, 3, 4]]], { axis: 1, keepdims: 1 }],
  [
    "Conv",
    [
      ["float32", [2, 4, 5, 6]],
      ["float32", [6, 2, 3, 2]],
      ["float32", [6]],
    ],
    { strides: [2, 1], pads: [1, 0, 1, 1], dilations: [1, 2], group: 2 },
  ],
  [
    "ConvTranspose",
    [
      ["float32", [2, 4, 3, 4]],
      ["float32", [4, 3, 3, 2]],
      ["float32", [6]],
    ],
    { strides: [2, 3], pads: [1, 0, 0, 1], dilations: [2, 1], group: 2, output_padding: [1, 2] },
  ],
  [
    "MaxPool",
    [["float32", [1, 2, 5, 6]]],
    { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 0], dilations: [1, 3] },
  ],
  ["Slice", [["int64", [4, 5]]], { starts: [1, 0], ends: [4, 5], steps: [2, 3] }],
  [
    "Concat",
    [
      ["bool", [2, 1, 3]],
      ["bool", [2, 4, 3]],
      ["bool", [2, 1, 3]],
    ],
    { axis: 1 },
  ],
  [
    "Where",
    [
      ["bool", [3, 1]],
      ["int32", []],
      ["int32", [2, 1, 4]],
    ],
    {},
  ],
  [
    "Add",
    [
      ["float32", [3, 1]],
      ["float32", [2, 1, 4]],
    ],
    {},
  ],
];

const cases: [string, EncodedGraph][] = [
  ...Object.entries(samples).map(([op, { inputs, attributes }]): [string, EncodedGraph] => [
    op,
    oneNode(op as OpName, inputs, attributes).encoded,
  ]),
  ...more.map(([op, operands, attributes]): [string, EncodedGraph] => [
    `${op} of ${operands.map(([, shape]) => `[${shape}]`)}`,
    encodeGraph(graphOf(op, operands, attributes)),
  ]),
];

/** All of them take minutes: otherwise every 41st, from another one on for each op. */
const STRIDE = process.env.ANH_LONG === "1" ? 1 : 41;

describe("a node's rule", () => {
  const numbered = cases.map(([op, encoded], number) => [op, encoded, number] as const);
  it.each(numbered)(
    "%s: is kept by what was built, and both call the same mutations false",
    async (op, encoded, number) => {
      const index = encoded.nodes.findIndex((node) => node.op === OP[op.split(" ")[0] as OpName]);
      const node = encoded.nodes[index]!;
      expect(falseNode(encoded.header, node)).toBeUndefined();
      expect(await keepsNode(encoded, index, node)).toBe(true);
      let broken = 0;
      for (const [at, mutated] of [...mutations(node)].entries()) {
        if ((at + number) % STRIDE !== 0) continue;
        const reason = falseNode(encoded.header, mutated);
        expect(await keepsNode(encoded, index, mutated), `${reason}: ${JSON.stringify(mutated, plain)}`).toBe(
          reason === undefined,
        );
        if (reason !== undefined) broken++;
      }
      expect(broken).toBeGreaterThan(STRIDE === 1 ? 30 : 0);
    },
  );
});

const plain = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

/** Of whole networks every fifth, unless there is time. */
const isChosen = (index: number) => STRIDE === 1 || index % 5 === 0;
const networks = { convolutions: cnnGraphs(smallCnn()), transformer: gptGraphs(smallGpt()) };

describe.each(Object.entries(networks))("the graphs of %s", (_, { train }) => {
  const { graph } = train;
  const encoded = encodeGraph(graph);
  const batchRows = encoded.feeds[0]!.shape[0]!;

  it("have leaves that all keep their rules", async () => {
    const own = { ...anyTask, batchRows, graph: graphRef(encoded) };
    expect(falseLeaf(own, encoded)).toBeUndefined();
    for (let index = 0; index < firstLeaves(encoded.header).end; index++) {
      if (!isChosen(index)) continue;
      const { encoded: bytes, flops, bytes_ } = leafProof(encoded, index);
      expect(await rules.keeps(own, encoded, index, bytes, flops, bytes_), `leaf ${index}`).toBe(true);
    }
  });
});
