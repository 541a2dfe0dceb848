// Graphs of which nodes' leaves have other sums in the tree than their own: no file gives their root, and no proof of such a graph's own
// tree leads to it. Whoever reads the leaves from L1 can say so.
import type { Hex } from "viem";
import { beforeAll, describe, expect, it } from "vitest";
import type { EncodedGraph } from "../../../common/graph-encoding.ts";
import { trainTask } from "../../../common/task.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import type { Published } from "../../../verifier/check/published.ts";
import { shownFlaw } from "../../../verifier/dispute/shown-graph.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import type { Flaw } from "../../../verifier/model/flaw.ts";
import {
  firstLeaves,
  graphLeaves,
  graphRef,
  type SumNode,
  sumLevels,
  sumNode,
  sumProofIn,
} from "../../../verifier/model/root.ts";
import { buildFlawWitness } from "../../../verifier/witness/flaw.ts";
import { leafBytes, leafProof } from "../../../verifier/witness/proofs.ts";
import { createGasMeter, type GasMeter } from "../../support/gas-meter.ts";
import { smallTask } from "../../support/small-task.ts";

const { job, graph } = smallTask();
const encoded = encodeGraph(graph);
const first = firstLeaves(encoded.header).node;
const one = encoded.nodes.findIndex(({ flops }) => flops > 0n);
const other = encoded.nodes.findIndex(({ flops }) => flops !== encoded.nodes[one]!.flops);

type Sums = { readonly hash: Hex; flops: bigint; bytes_: bigint };

/** A tree over the leaves with other sums, a job that names its root, and the leaves as L1 shows them. */
function treeOf(change: (leaves: Sums[]) => void) {
  const leaves: Sums[] = graphLeaves(encoded).map((leaf) => ({ ...leaf }));
  change(leaves);
  const levels = sumLevels(leaves);
  const { hash: root, flops, bytes_ } = levels.at(-1)![0]!;
  const task = trainTask({ ...job, trainGraph: { root, flops, bytes_ } });
  const graphLeaf = (_: Hex, leaf: number) => ({
    encoded: leafProof(encoded, leaf).encoded,
    siblings: sumProofIn(levels, leaf),
  });
  return { task, leaves, flaw: shownFlaw(task.graph, encoded, { graphLeaf } as Partial<Published> as Published) };
}

const rootOf = (leaf: SumNode, index: number, siblings: readonly SumNode[]): SumNode =>
  siblings.reduce((below, sibling, height) => {
    const isLeft = ((index >> height) & 1) === 0;
    return isLeft ? sumNode(below, sibling) : sumNode(sibling, below);
  }, leaf);

let rules: GasMeter;
beforeAll(async () => {
  rules = await createGasMeter(readArtifacts()("l1/verifiers/GraphRules"));
});

it.each([
  ["bytes beyond 64 bits", [2 ** 31, 2 ** 31]],
  ["elements beyond a word", new Array(9).fill(2 ** 31)],
])(
  "shows the leaf of a constant that says it has %s, though the graph has no tree of its own",
  (_, shape: number[]) => {
    const constants = encoded.constants.with(0, { ...encoded.constants[0]!, shape });
    const bent: EncodedGraph = { ...encoded, constants };
    const leaves = graphLeaves(bent).map((leaf, i) => (i === 1 ? { ...leaf, bytes_: 4n } : leaf));
    const levels = sumLevels(leaves);
    const { hash: root, flops, bytes_ } = levels.at(-1)![0]!;
    const graphLeaf = (_root: Hex, leaf: number) => ({
      encoded: leafBytes(bent, leaf),
      siblings: sumProofIn(levels, leaf),
    });
    const flaw = shownFlaw({ root, flops, bytes_ }, bent, { graphLeaf } as Partial<Published> as Published);
    expect(flaw).toMatchObject({ kind: "leaf", leaf: 1, shown: { leaf: { bytes_: 4n } } });
    expect(() => graphRef(bent)).toThrow(RangeError);
    expect(buildFlawWitness(bent, flaw!).flaw).toBe(2);
  },
);

it("says nothing of a tree with each leaf's own sums", () => {
  expect(treeOf(() => {}).flaw).toBeUndefined();
});

it("says nothing of sums in the padding beside leaves that are shown: L1 does not look there (P0.4)", () => {
  const leaves = graphLeaves(encoded);
  const last = leaves.length - 1;
  const graphLeaf = (_: Hex, leaf: number) => {
    const { siblings, ...proof } = leafProof(encoded, leaf);
    const filled = siblings.map((sibling, height) => {
      const at = leaf >> height;
      return at % 2 === 0 && at >= last >> height ? { ...sibling, flops: 1n, bytes_: 1n } : sibling;
    });
    return { ...proof, siblings: filled };
  };
  expect(2 ** Math.ceil(Math.log2(leaves.length))).toBeGreaterThan(leaves.length); // there is padding
  expect(shownFlaw(graphRef(encoded), encoded, { graphLeaf } as Partial<Published> as Published)).toBeUndefined();
});

describe.each<[string, (leaves: Sums[]) => void]>([
  [
    "two nodes have each other's sums, and the total is right",
    (leaves) => {
      const flops = leaves[first + one]!.flops;
      leaves[first + one]!.flops = leaves[first + other]!.flops;
      leaves[first + other]!.flops = flops;
    },
  ],
  [
    "a node is cheaper than it is, and the job says so",
    (leaves) => {
      leaves[first + one]!.flops = 1n;
    },
  ],
])("where %s", (_, change) => {
  const { task, leaves, flaw } = treeOf(change);
  const found = flaw as Extract<Flaw, { kind: "leaf" }>;

  it("the leaf is shown with the sums that lead to the job's root", () => {
    const { leaf, siblings, headerSiblings } = found.shown!;
    const root = { hash: task.graph.root, flops: task.graph.flops, bytes_: task.graph.bytes_ };
    expect(leaf).toEqual(leaves[found.leaf]);
    expect(rootOf(leaf, found.leaf, siblings)).toEqual(root);
    expect(rootOf(leaves[0]!, 0, headerSiblings)).toEqual(root);
  });

  it("L1 calls it false", async () => {
    const args = [
      task,
      encoded.header as EncodedGraph["header"],
      BigInt(found.leaf),
      leafProof(encoded, found.leaf).encoded,
    ];
    const { flops, bytes_ } = found.shown!.leaf;
    await expect(rules.call("checkLeaf", [...args, flops, bytes_])).rejects.toMatchObject({ errorName: "LeafFalse" });
  });
});
