import { bytesToHex, type Hex, numberToHex } from "viem";
import {
  constantBytes,
  type EncodedGraph,
  type EncodedGraphHeader,
  type EncodedNode,
  graphHeaderBytes,
  nodeBytes,
  PLACE,
} from "../../common/graph-encoding.ts";
import { treeProof } from "../../common/merkle.ts";
import { constantLeaf, graphLeaves, nodeLeaf, type SumNode, sumProof } from "../model/root.ts";
import { CHUNK_BYTES } from "../tensor/root.ts";
import type { StepRoots } from "../trace/step.ts";
import { chunkRangeOf, type StepSource } from "./chunks.ts";
import { NoLeafError, type Read } from "./reads.ts";

export interface HeaderProof {
  readonly header: EncodedGraphHeader;
  readonly siblings: readonly SumNode[];
}

export interface NodeProof {
  readonly index: number;
  readonly node: EncodedNode;
  readonly siblings: readonly SumNode[];
}

export interface Opening {
  readonly root: Hex;
  readonly rootProof: readonly Hex[];
  readonly chunks: Hex;
  readonly chunkProof: readonly Hex[];
}

export interface RootProof {
  readonly root: Hex;
  readonly rootProof: readonly Hex[];
}

const leavesOf = new WeakMap<EncodedGraph, readonly SumNode[]>();

/** Leaves of the graph's tree, hashed once per graph: a witness proves several of them. */
function leavesIn(graph: EncodedGraph): readonly SumNode[] {
  const known = leavesOf.get(graph) ?? graphLeaves(graph);
  leavesOf.set(graph, known);
  return known;
}

export const headerProof = (graph: EncodedGraph): HeaderProof => ({
  header: graph.header,
  siblings: sumProof(leavesIn(graph), 0),
});

export function nodeProof(graph: EncodedGraph, index: number): NodeProof {
  const node = graph.nodes[index];
  if (node === undefined) throw new NoLeafError("node-index", `node ${index} of ${graph.nodes.length}`);
  return { index, node, siblings: sumProof(leavesIn(graph), nodeLeaf(graph, index)) };
}

/** A leaf of a graph's tree with what it is the hash of (P5.6, P7.6). */
export function leafProof(graph: EncodedGraph, index: number) {
  const leaf = leavesIn(graph)[index];
  if (leaf === undefined) throw new NoLeafError("leaf-index", `leaf ${index} of ${leavesIn(graph).length}`);
  return { ...leaf, encoded: leafBytes(graph, index), siblings: sumProof(leavesIn(graph), index) };
}

function leafBytes({ header, constants, nodes }: EncodedGraph, index: number): Hex {
  if (index === 0) return graphHeaderBytes(header);
  const constant = constants[index - 1];
  return constant === undefined ? nodeBytes(nodes[index - 1 - constants.length]!) : constantBytes(constant);
}

/** The list of tensor roots of a place. */
export function rootsAt(roots: StepRoots, place: number): readonly Hex[] {
  switch (place) {
    case PLACE.state:
      return roots.stateIn;
    case PLACE.feed:
      return roots.feeds;
    case PLACE.exact:
      return roots.exact;
    case PLACE.loose:
      return roots.loose;
    case PLACE.nextState:
      return roots.stateOut;
    default:
      throw new NoLeafError("place", `place ${place} has no list of roots`, { expected: "1, 2, 4, 5 or 6" });
  }
}

/** That the root stands at `(place, index)`: in its list, or for a constant in the graph (rank, dimensions, sum proof). */
export function rootProof(graph: EncodedGraph, roots: StepRoots, place: number, index: number): RootProof {
  if (place !== PLACE.constant) {
    const list = rootsAt(roots, place);
    return { root: list[index]!, rootProof: treeProof(list, index) };
  }
  const { shape, tensorRoot } = graph.constants[index]!;
  const siblings = sumProof(leavesIn(graph), constantLeaf(index));
  return {
    root: tensorRoot,
    rootProof: [
      word(shape.length),
      ...shape.map(word),
      ...siblings.flatMap(({ hash, flops, bytes_ }) => [hash, word(flops), word(bytes_)]),
    ],
  };
}

const word = (value: number | bigint): Hex => numberToHex(value, { size: 32 });

export async function openingOf(source: StepSource, read: Read): Promise<Opening> {
  const { bytes, proof } = await source.chunks(chunkRangeOf(read));
  const { place, index } = read.value;
  return { ...rootProof(source.graph, source.roots, place, index), chunks: bytesToHex(bytes), chunkProof: proof };
}

/** The read's elements, as bytes of their own. */
export async function elementBytes(source: StepSource, read: Read, elementSize: number): Promise<Uint8Array> {
  const { bytes } = await source.chunks(chunkRangeOf(read));
  const start = (read.first * elementSize) % CHUNK_BYTES;
  return bytes.slice(start, start + read.count * elementSize);
}
