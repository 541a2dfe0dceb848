// What the gate reckons that proving a node costs (docs/protocol.md P5.12), in both languages.
import { beforeAll, describe, expect, it } from "vitest";
import { JOB_FLAG, PROFILE } from "../../../common/job.ts";
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
import type { DType, Shape } from "../../../verifier/tensor/tensor.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { type GraphRules, graphOf, openGraphRules } from "./graph-rules.ts";

let rules: GraphRules;
beforeAll(async () => {
  rules = await openGraphRules();
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

/** All nodes of whole networks take a while: otherwise every fifth. */
const STRIDE = process.env.ANH_LONG === "1" ? 1 : 5;
const networks = { convolutions: cnnGraphs(smallCnn()), transformer: gptGraphs(smallGpt()) };

describe.each(Object.entries(networks))("the graphs of %s", (_, { train: { graph } }) => {
  const encoded = encodeGraph(graph);

  it("are reckoned alike by the gate", async () => {
    const sizeOf = proofSizes(graph);
    for (const [index, node] of graph.nodes.entries()) {
      if (index % STRIDE !== 0) continue;
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
