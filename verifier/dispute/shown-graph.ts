import type { Hex } from "viem";
import { type EncodedGraph, graphHeaderHash } from "../../common/graph-encoding.ts";
import type { GraphRef } from "../../common/job.ts";
import type { Published } from "../check/published.ts";
import { type Want, WantedError } from "../check/want.ts";
import { DataUnavailableError } from "../data/client.ts";
import type { Library } from "../data/library.ts";
import { GraphError } from "../graph/errors.ts";
import type { Graph } from "../graph/graph.ts";
import { constantOf, decodeGraph, headerOf, nodeOf, typeOf } from "../model/decoding.ts";
import { isSumProof } from "../model/root.ts";
import type { HeaderProof } from "../witness/proofs.ts";

/** Most leaves that are asked for: their open fees alone are beyond what a claim is worth long before. */
const MAX_LEAVES = 4096;
/** Asked for at once: beyond as many the queue's fee doubles (P7.2). */
const LEAVES_AT_ONCE = 100;

/** The header of a graph of which L1 shows that leaf; throws `WantedError` while it does not. */
export async function shownHeader(ref: GraphRef, published: Published): Promise<HeaderProof> {
  const bytes = published.graphLeaf(0);
  if (bytes === undefined) throw new WantedError({ path: "graph", leaf: 0 });
  const header = headerOf(bytes);
  const leaf = { hash: graphHeaderHash(header), flops: 0n, bytes_: 0n };
  for (const siblings of await published.headerSiblings())
    if (isSumProof(ref, leaf, 0, leavesOf(header), siblings)) return { header, siblings };
  throw new DataUnavailableError("graph-proof", "nobody shows where a graph's header stands in its tree", {
    expected: `a proof under ${ref.root} in the transaction that published it`,
  });
}

/**
 * The graph, leaf by leaf as L1 shows it; throws `WantedError` for leaves that are missing. Of constants L1 shows no more
 * than their roots: somebody must serve them, or an own graph have the same. `DataUnavailableError` for those that nobody
 * has, and for what is no graph that can be run.
 */
export async function shownGraph({ header }: HeaderProof, published: Published, library: Library): Promise<Graph> {
  const count = leavesOf(header);
  if (count > MAX_LEAVES)
    throw new DataUnavailableError("graph-size", "a graph of too many leaves", { expected: MAX_LEAVES, actual: count });
  const leaves = Array.from({ length: count }, (_, leaf) => published.graphLeaf(leaf));
  const missing = leaves.flatMap((bytes, leaf): Want[] => (bytes === undefined ? [{ path: "graph", leaf }] : []));
  if (missing.length > 0) throw new WantedError(...missing.slice(0, LEAVES_AT_ONCE));
  try {
    const encoded = encodedOf(header, leaves as readonly Hex[]);
    const constants = encoded.constants.map((item) => library.tensor(item.tensorRoot, typeOf(item)));
    return decodeGraph(encoded, await Promise.all(constants));
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new DataUnavailableError("graph", `L1 shows no graph that can be run: ${error.message}`, { cause: error });
  }
}

const leavesOf = ({ constants, nodes }: HeaderProof["header"]): number => 1 + constants + nodes;

const encodedOf = (header: HeaderProof["header"], leaves: readonly Hex[]): EncodedGraph => ({
  header,
  constants: leaves.slice(1, 1 + header.constants).map(constantOf),
  nodes: leaves.slice(1 + header.constants).map(nodeOf),
});
