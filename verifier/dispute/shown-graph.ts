import type { Hex } from "viem";
import type { EncodedGraph } from "../../common/graph-encoding.ts";
import type { GraphRef } from "../../common/job.ts";
import type { Published } from "../check/published.ts";
import { allShown, type GraphKind, type Want, WantedError } from "../check/want.ts";
import { DataUnavailableError } from "../data/client.ts";
import type { Library } from "../data/library.ts";
import { GraphError } from "../graph/errors.ts";
import type { Graph } from "../graph/graph.ts";
import { constantOf, feedOf, headerOf, nextStateOf, nodeOf, stateInputOf, typeOf } from "../model/decoding.ts";
import type { Flaw } from "../model/flaw.ts";
import { firstLeaves, graphLeaves, type SumNode, withoutPadding } from "../model/root.ts";
import { graphOfLeaves } from "../model/shown.ts";
import { byteSizeOf, fromBytes, type Tensor } from "../tensor/tensor.ts";
import type { HeaderProof } from "../witness/proofs.ts";

/** Most leaves that are asked for: their open fees alone are beyond what a claim is worth long before. */
const MAX_LEAVES = 4096;
/** Asked for at once: beyond as many the queue's fee doubles (P7.2). */
const LEAVES_AT_ONCE = 100;

/** The header of a graph of which L1 shows that leaf; throws `WantedError` while it does not. */
export function shownHeader({ root }: GraphRef, of: GraphKind, published: Published): HeaderProof {
  const leaf = published.graphLeaf(root, 0);
  if (leaf === undefined) throw new WantedError({ path: "graph", of, leaf: 0 });
  return { header: headerOf(leaf.encoded), siblings: leaf.siblings };
}

/** What the task's graph's root commits to, leaf by leaf as L1 shows it; throws `WantedError` for leaves that are missing. */
export function shownEncoding({ root }: GraphRef, { header }: HeaderProof, published: Published): EncodedGraph {
  const count = firstLeaves(header).end;
  if (count > MAX_LEAVES)
    throw new DataUnavailableError("graph-size", "a graph of too many leaves", { expected: MAX_LEAVES, actual: count });
  const leaves = Array.from({ length: count }, (_, leaf) => published.graphLeaf(root, leaf)?.encoded);
  const missing = leaves.flatMap((bytes, leaf): Want[] =>
    bytes === undefined ? [{ path: "graph", of: "task", leaf }] : [],
  );
  if (missing.length > 0) throw WantedError.firstOf(LEAVES_AT_ONCE, missing);
  return readable(() => encodedOf(header, leaves as readonly Hex[]));
}

/** A leaf of which the tree's sums are not its own, by the leaves that L1 shows of it: no proof of the graph's own tree leads to its root. */
export function shownFlaw(
  { root, flops, bytes_ }: GraphRef,
  encoded: EncodedGraph,
  published: Published,
): Flaw | undefined {
  const leaves = graphLeaves(encoded);
  const siblingsOf = (leaf: number) => withoutPadding(published.graphLeaf(root, leaf)!.siblings, leaf, leaves.length);
  for (const [leaf, own] of leaves.entries()) {
    const siblings = siblingsOf(leaf);
    const above = sumsAbove({ flops, bytes_ }, siblings);
    const inTree = { flops: above.flops[0] ?? flops, bytes_: above.bytes_[0] ?? bytes_ };
    if (inTree.flops === own.flops && inTree.bytes_ === own.bytes_) continue;
    if (leaf === 0) {
      const headerPath = { leaf: own.hash, ...above, siblings };
      return { kind: "sum", reason: "its header has sums of its own", headerPath };
    }
    const shown = { leaf: { hash: own.hash, ...inTree }, siblings, headerSiblings: siblingsOf(0) };
    return { kind: "leaf", leaf, reason: `the sums of its leaf ${leaf} are not the leaf's`, shown };
  }
  return undefined;
}

/** Sums of the nodes on the way up from a leaf, its own first: what the root has less than the siblings from there on. */
function sumsAbove(root: Pick<GraphRef, "flops" | "bytes_">, siblings: readonly SumNode[]) {
  const flops: bigint[] = [];
  const bytes_: bigint[] = [];
  let above = root;
  for (const sibling of siblings.toReversed()) {
    above = { flops: above.flops - sibling.flops, bytes_: above.bytes_ - sibling.bytes_ };
    flops.unshift(above.flops);
    bytes_.unshift(above.bytes_);
  }
  return { flops, bytes_ };
}

/**
 * The graph of an encoding, its constants from whoever serves them (an own graph may have the same) or from L1; throws
 * `WantedError` for chunks that are missing there, and `DataUnavailableError` for what is no graph that can be run.
 */
export async function shownGraph(encoded: EncodedGraph, published: Published, library: Library): Promise<Graph> {
  const constants = encoded.constants.map((item, index) => async (): Promise<Tensor> => {
    const type = readable(() => typeOf(item));
    try {
      return await library.tensor(item.tensorRoot, type);
    } catch (error) {
      if (!(error instanceof DataUnavailableError)) throw error;
      return fromBytes(type, published.input("constant", index, byteSizeOf(type)));
    }
  });
  const tensors = await allShown(constants);
  return readable(() => graphOfLeaves(encoded, tensors));
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new DataUnavailableError("graph", `L1 shows no graph that can be run: ${error.message}`, { cause: error });
  }
}

function encodedOf(header: HeaderProof["header"], leaves: readonly Hex[]): EncodedGraph {
  const { constant, state, feed, nextState, node } = firstLeaves(header);
  return {
    header,
    constants: leaves.slice(constant, state).map(constantOf),
    states: leaves.slice(state, feed).map(stateInputOf),
    feeds: leaves.slice(feed, nextState).map(feedOf),
    nextStates: leaves.slice(nextState, node).map(nextStateOf),
    nodes: leaves.slice(node).map(nodeOf),
  };
}
