// What voids a job (docs/protocol.md P14.2): TypeScript and Solidity must agree on every node, true or false, and on what the
// gate reckons. The executor refuses by the one, L1 voids by the other.
import { type Hex, slice } from "viem";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type EncodedGraph,
  type EncodedNode,
  type EncodedOperand,
  type EncodedValue,
  nodeBytes,
  OP,
  PLACE,
} from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG, PROFILE } from "../../../common/job.ts";
import { TASK_KIND, type Task } from "../../../common/task.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import { emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, Graph, OpName } from "../../../verifier/graph/graph.ts";
import {
  leafGas,
  MAX_LEAF_GAS,
  MAX_LEAF_TERMS,
  MAX_PROOF_BYTES,
  unprovableNodes,
} from "../../../verifier/model/check.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { gateFlaw } from "../../../verifier/model/flaw.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { proofSizes } from "../../../verifier/model/proof-size.ts";
import { firstLeaves, graphLeaves, graphRef } from "../../../verifier/model/root.ts";
import { falseLeaf, falseNode } from "../../../verifier/model/rules.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { byteSizeOf, type DType, dtypeOfCode, type Shape } from "../../../verifier/tensor/tensor.ts";
import { leafBytes, leafProof } from "../../../verifier/witness/proofs.ts";
import { createGasMeter, type GasMeter, RevertedError } from "../../support/gas-meter.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { samples } from "../../verifier/ops/samples.ts";
import { oneNode } from "../leaf/leaf-case.ts";

const BATCH = 4;
const task: Task = {
  id: ZERO_HASH,
  kind: TASK_KIND.train,
  modelId: ZERO_HASH,
  graph: { root: ZERO_HASH, flops: 0n, bytes_: 2n ** 64n - 1n },
  datasetRoot: ZERO_HASH,
  datasetRows: 8n,
  startRoot: ZERO_HASH,
  steps: 1,
  segmentSteps: 1,
  batchRows: BATCH,
  profile: 0,
  flags: 0,
  priceWei: 0n,
  deadline: 0n,
  windowSeconds: 60,
};

let rules: GasMeter;
beforeAll(async () => {
  rules = await createGasMeter(readArtifacts()("l1/verifiers/GraphRules"));
});

/** True: L1 finds nothing wrong with the leaf. */
async function keeps(of: Task, encoded: EncodedGraph, index: number, bytes: Hex, flops: bigint, bytes_: bigint) {
  try {
    await rules.call("checkLeaf", [of, encoded.header, BigInt(index), bytes, flops, bytes_]);
    return true;
  } catch (error) {
    if (error instanceof RevertedError) return false;
    throw error;
  }
}

const keepsNode = (encoded: EncodedGraph, index: number, node: EncodedNode) =>
  keeps(task, encoded, firstLeaves(encoded.header).node + index, nodeBytes(node), node.flops, node.bytes_);

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

function graphOf(op: OpName, operands: readonly (readonly [DType, Shape])[], attributes: Attributes): Graph {
  const draft = newDraft();
  const ids = operands.map(([dtype, shape], i) => stateInput(draft, `x${i}`, { dtype, shape }));
  return finish(draft, { kind: "infer", stateOutputs: [emit(draft, op, ids, attributes, "tested")] });
}

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
    const own = { ...task, batchRows, graph: graphRef(encoded) };
    expect(falseLeaf(own, encoded)).toBeUndefined();
    for (let index = 0; index < firstLeaves(encoded.header).end; index++) {
      if (!isChosen(index)) continue;
      const { encoded: bytes, flops, bytes_ } = leafProof(encoded, index);
      expect(await keeps(own, encoded, index, bytes, flops, bytes_), `leaf ${index}`).toBe(true);
    }
  });

  it("are reckoned alike by the gate", async () => {
    const sizeOf = proofSizes(graph);
    for (const [index, node] of graph.nodes.entries()) {
      if (!isChosen(index)) continue;
      for (const { profile, flags, name } of COLUMNS) {
        const { result } = await rules.call("leafCost", [encoded.nodes[index], encoded.header, profile, flags]);
        const { gas, bytes_ } = result as { gas: bigint; bytes_: bigint };
        expect({ gas, bytes_ }, `${node.op} ${index}`).toEqual({
          gas: BigInt(leafGas(graph, node, name)),
          bytes_: BigInt(sizeOf(index)),
        });
      }
    }
  });
});

describe("what stands in a step", () => {
  const built = encodeGraph(networks.transformer.train.graph);
  const first = firstLeaves(built.header);
  const of = (bytes_: bigint) => ({
    ...task,
    batchRows: built.feeds[0]!.shape[0]!,
    graph: { ...graphRef(built), bytes_ },
  });
  const read = (node: EncodedNode) => Math.max(...node.inputs.map(({ value }) => innerBytes(value)));
  const mask = { dtype: 9, shape: [3, 5], keep: 2 ** 31 };

  it("is read by no node where it is larger than all that the graph writes", async () => {
    const most = Math.max(...built.nodes.map(read));
    expect(BigInt(most)).toBeLessThan(graphRef(built).bytes_);
    const largest = built.nodes.findIndex((node) => read(node) === most);
    for (const [bytes_, isKept] of [
      [most - 1, false],
      [most, true],
      [most + 1, true],
    ] as const) {
      const own = of(BigInt(bytes_));
      expect(falseLeaf(own, built)?.leaf, `${bytes_}`).toBe(isKept ? undefined : first.node + largest);
      const { encoded, flops, bytes_: sum } = leafProof(built, first.node + largest);
      expect(await keeps(own, built, first.node + largest, encoded, flops, sum), `${bytes_}`).toBe(isKept);
    }
  });

  it("is no larger mask than that either, be it read or not", async () => {
    const masked = {
      ...built,
      header: { ...built.header, feeds: built.header.feeds + 1 },
      feeds: [...built.feeds, mask],
    };
    const leaf = firstLeaves(masked.header).feed + built.feeds.length;
    for (const [bytes_, isKept] of [
      [14n, false],
      [15n, true],
    ] as const) {
      expect(await keeps(of(bytes_), masked, leaf, leafBytes(masked, leaf), 0n, 0n), `${bytes_}`).toBe(isKept);
      const found = falseLeaf(of(bytes_), { ...masked, nodes: [], nextStates: [] })?.leaf;
      expect(found, `${bytes_}`).toBe(isKept ? undefined : leaf);
    }
  });
});

/** 0: it stands in no step. */
const innerBytes = ({ place, dtype, shape }: EncodedValue): number =>
  place < PLACE.exact ? 0 : byteSizeOf({ dtype: dtypeOfCode(dtype)!, shape });

/** Just what a word holds, and more than that, be nothing left of it in the end. */
const LARGE: [string, number[], boolean][] = [
  ["2²²⁴", new Array(7).fill(2 ** 31).concat(2 ** 7), true],
  ["2²⁵⁵", new Array(8).fill(2 ** 31).concat(2 ** 7), true],
  ["2²⁵⁶", new Array(8).fill(2 ** 31).concat(2 ** 8), false],
  ["2²⁷⁹ times 0", [...new Array(9).fill(2 ** 31), 0], false],
  ["0 times 2²⁷⁹", [0, ...new Array(9).fill(2 ** 31)], true],
];

describe.each(LARGE)("a shape of %s elements", (_, shape, isCounted) => {
  const built = encodeGraph(networks.transformer.train.graph);
  const of = { ...task, batchRows: built.feeds[0]!.shape[0]! };

  it("is called false by both as a state's exactly where L1 cannot count it", async () => {
    const changed = { ...built, states: built.states.with(0, { ...built.states[0]!, shape }) };
    const leaf = firstLeaves(built.header).state;
    expect(falseLeaf(of, changed)?.leaf).toBe(isCounted ? undefined : leaf);
    expect(await keeps(of, changed, leaf, leafBytes(changed, leaf), 0n, 0n)).toBe(isCounted);
  });

  it("is a constant's that no tree has, or one of no bytes", () => {
    const changed = { ...built, constants: built.constants.with(0, { ...built.constants[0]!, shape }) };
    const { bytes_ } = graphLeaves(changed)[firstLeaves(built.header).constant]!;
    expect(bytes_ === 0n || bytes_ >= 2n ** 64n).toBe(true);
  });
});

/** As jobs name them. */
const COLUMNS = [
  { profile: PROFILE.strict, flags: 0, name: "strict" },
  { profile: PROFILE.tolerant, flags: JOB_FLAG.stepRoots, name: "tolerant" },
  { profile: PROFILE.tolerant, flags: JOB_FLAG.stepRoots | JOB_FLAG.gpu, name: "tolerant-gpu" },
] as const;

describe("the gate", () => {
  const window = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
  const tall = (rows: number): [OpName, [DType, Shape][], Attributes] => [
    "Conv",
    [
      ["float32", [1, 8, 70, 40]],
      ["float32", [2, 8, rows, 16]],
    ],
    { ...window, group: 1 },
  ];
  const product = (terms: number): [OpName, [DType, Shape][], Attributes] => [
    "Gemm",
    [
      ["float32", [2, terms]],
      ["float32", [2, terms]],
    ],
    { transA: 0, transB: 1 },
  ];
  const limits: [string, [OpName, [DType, Shape][], Attributes]][] = [
    ["as many terms as one proof adds", product(8192)],
    ["a term more, in parts", product(8193)],
    ["as many parts as there may be", product(256 * 8192)],
    ["a part more", product(256 * 8192 + 1)],
    ["a sum of as many terms", ["ReduceSum", [["float32", [8192, 2]]], { axes: [0], keepdims: 0 }]],
    ["a sum of a term more", ["ReduceSum", [["float32", [8193, 2]]], { axes: [0], keepdims: 0 }]],
    ["a maximum of 2¹⁴", ["ReduceMax", [["float32", [2, 16_384]]], { axes: [1], keepdims: 0 }]],
    ["a maximum of 2¹⁶", ["ReduceMax", [["float32", [2, 65_536]]], { axes: [1], keepdims: 0 }]],
    ["60 reads of one term each", ["ReduceSum", [["float32", [2, 60, 300]]], { axes: [1], keepdims: 0 }]],
    ["200 reads of one term each", ["ReduceSum", [["float32", [2, 200, 300]]], { axes: [1], keepdims: 0 }]],
    [
      "a scatter of 8,192",
      [
        "ScatterElements",
        [
          ["float32", [64, 16]],
          ["int64", [8192, 16]],
          ["float32", [8192, 16]],
        ],
        { axis: 0 },
      ],
    ],
    ["a window of 16 rows", tall(16)],
    ["a window of 64 rows", tall(64)],
    ["a pool of 25 rows", ["MaxPool", [["float32", [1, 1, 70, 70]]], { ...window, kernel_shape: [25, 25] }]],
    ["a pool of 64 rows", ["MaxPool", [["float32", [1, 1, 70, 70]]], { ...window, kernel_shape: [64, 64] }]],
    [
      "an index among many",
      [
        "Gather",
        [
          ["float32", [1000, 8]],
          ["int64", [50]],
        ],
        { axis: 0 },
      ],
    ],
  ];

  it.each(limits)("says the same of %s in both languages and profiles", async (_, [op, operands, attributes]) => {
    const graph = graphOf(op, operands, attributes);
    const encoded = encodeGraph(graph);
    for (const { profile, flags, name } of COLUMNS) {
      const args = [encoded.nodes[0], encoded.header, profile, flags];
      const flaw = gateFlaw({ profile, flags }, graph);
      expect((await rules.call("isProvable", args)).result).toBe(flaw === undefined);
      const { gas, bytes_ } = (await rules.call("leafCost", args)).result as { gas: bigint; bytes_: bigint };
      expect([gas, bytes_]).toEqual([BigInt(leafGas(graph, graph.nodes[0]!, name)), BigInt(proofSizes(graph)(0))]);
      // Whatever voids a job is refused before.
      if (flaw !== undefined) expect(unprovableNodes(graph, name)).not.toEqual([]);
    }
  });

  it("refuses some of them by each of its bounds", () => {
    const gated = limits.map(([, [op, operands, attributes]]) => graphOf(op, operands, attributes));
    const isOver = (graph: Graph) => gateFlaw({ profile: 0, flags: 0 }, graph) !== undefined;
    expect(gated.filter(isOver).length).toBeGreaterThan(3);
    expect(gated.filter((graph) => !isOver(graph)).length).toBeGreaterThan(3);
    // The gpu column judges no product in parts, and pays more for each term.
    const inGpu = { profile: PROFILE.tolerant, flags: JOB_FLAG.stepRoots | JOB_FLAG.gpu };
    expect(gateFlaw(inGpu, graphOf(...product(8192)))).toBeUndefined();
    expect(gateFlaw(inGpu, graphOf(...product(8193)))).toMatchObject({ kind: "gate" });
    expect([MAX_LEAF_GAS, MAX_LEAF_TERMS, MAX_PROOF_BYTES]).toEqual([12_000_000, 8192, 131_072]);
  });
});
