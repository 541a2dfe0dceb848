// How large a graph may say that things are (docs/protocol.md P14.2): TypeScript and Solidity must agree.
import { beforeAll, describe, expect, it } from "vitest";
import { type EncodedNode, type EncodedValue, PLACE } from "../../../common/graph-encoding.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { firstLeaves, graphLeaves, graphRef } from "../../../verifier/model/root.ts";
import { falseLeaf } from "../../../verifier/model/rules.ts";
import { byteSizeOf, dtypeOfCode } from "../../../verifier/tensor/tensor.ts";
import { leafBytes, leafProof } from "../../../verifier/witness/proofs.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { anyTask, type GraphRules, openGraphRules } from "./graph-rules.ts";

let rules: GraphRules;
beforeAll(async () => {
  rules = await openGraphRules();
});

const built = encodeGraph(gptGraphs(smallGpt()).train.graph);

describe("what stands in a step", () => {
  const first = firstLeaves(built.header);
  const of = (bytes_: bigint) => ({
    ...anyTask,
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
      expect(await rules.keeps(own, built, first.node + largest, encoded, flops, sum), `${bytes_}`).toBe(isKept);
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
      expect(await rules.keeps(of(bytes_), masked, leaf, leafBytes(masked, leaf), 0n, 0n), `${bytes_}`).toBe(isKept);
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
  const of = { ...anyTask, batchRows: built.feeds[0]!.shape[0]! };

  it("is called false by both as a state's exactly where L1 cannot count it", async () => {
    const changed = { ...built, states: built.states.with(0, { ...built.states[0]!, shape }) };
    const leaf = firstLeaves(built.header).state;
    expect(falseLeaf(of, changed)?.leaf).toBe(isCounted ? undefined : leaf);
    expect(await rules.keeps(of, changed, leaf, leafBytes(changed, leaf), 0n, 0n)).toBe(isCounted);
  });

  it("is a constant's that no tree has, or one of no bytes", () => {
    const changed = { ...built, constants: built.constants.with(0, { ...built.constants[0]!, shape }) };
    const { bytes_ } = graphLeaves(changed)[firstLeaves(built.header).constant]!;
    expect(bytes_ === 0n || bytes_ >= 2n ** 64n).toBe(true);
  });
});
