import { bytesToHex, type Hex, numberToHex } from "viem";
import {
  constantBytes,
  type EncodedConstant,
  type EncodedFeed,
  type EncodedGraph,
  type EncodedGraphHeader,
  type EncodedNode,
  type EncodedStateInput,
  type EncodedValue,
  feedBytes,
  graphHeaderBytes,
  nextStateBytes,
  nodeBytes,
  PLACE,
  stateInputBytes,
} from "../../common/graph-encoding.ts";
import { treeProof } from "../../common/merkle.ts";
import type { SumPath } from "../model/flaw.ts";
import { firstLeaves, graphLeaves, type SumNode, sumLevels, sumProofIn } from "../model/root.ts";
import { CHUNK_BYTES } from "../tensor/root.ts";
import type { StepRoots } from "../trace/step.ts";
import { chunkRangeOf, type StepSource } from "./chunks.ts";
import { NoLeafError, type Read } from "./reads.ts";

export interface HeaderProof {
  readonly header: EncodedGraphHeader;
  readonly siblings: readonly SumNode[];
}

export interface StateProof {
  readonly state: EncodedStateInput;
  readonly siblings: readonly SumNode[];
}

export interface FeedProof {
  readonly feed: EncodedFeed;
  readonly siblings: readonly SumNode[];
}

export interface NextStateProof {
  readonly value: EncodedValue;
  readonly siblings: readonly SumNode[];
}

export interface ConstantProof extends EncodedConstant {
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

const treeOf = new WeakMap<EncodedGraph, readonly (readonly SumNode[])[]>();

/** The graph's tree, hashed once per graph: a witness proves several of its leaves. */
function treeIn(graph: EncodedGraph): readonly (readonly SumNode[])[] {
  const known = treeOf.get(graph) ?? sumLevels(graphLeaves(graph));
  treeOf.set(graph, known);
  return known;
}

export const headerProof = (graph: EncodedGraph): HeaderProof => ({
  header: graph.header,
  siblings: sumProofIn(treeIn(graph), 0),
});

type ListName = Exclude<keyof ReturnType<typeof firstLeaves>, "end">;

const siblingsIn = (graph: EncodedGraph, list: ListName, index: number): SumNode[] =>
  sumProofIn(treeIn(graph), firstLeaves(graph.header)[list] + index);

export function stateProof(graph: EncodedGraph, index: number): StateProof {
  const state = graph.states[index];
  if (state === undefined) throw new NoLeafError("state-index", `state input ${index} of ${graph.states.length}`);
  return { state, siblings: siblingsIn(graph, "state", index) };
}

export function feedProof(graph: EncodedGraph, index: number): FeedProof {
  const feed = graph.feeds[index];
  if (feed === undefined) throw new NoLeafError("feed-index", `feed ${index} of ${graph.feeds.length}`);
  return { feed, siblings: siblingsIn(graph, "feed", index) };
}

export function nextStateProof(graph: EncodedGraph, index: number): NextStateProof {
  const value = graph.nextStates[index];
  if (value === undefined) throw new NoLeafError("state-index", `next state ${index} of ${graph.nextStates.length}`);
  return { value, siblings: siblingsIn(graph, "nextState", index) };
}

export function constantProof(graph: EncodedGraph, index: number): ConstantProof {
  const constant = graph.constants[index];
  if (constant === undefined) throw new NoLeafError("constant-index", `constant ${index} of ${graph.constants.length}`);
  return { ...constant, siblings: siblingsIn(graph, "constant", index) };
}

export function nodeProof(graph: EncodedGraph, index: number): NodeProof {
  const node = graph.nodes[index];
  if (node === undefined) throw new NoLeafError("node-index", `node ${index} of ${graph.nodes.length}`);
  return { index, node, siblings: siblingsIn(graph, "node", index) };
}

/** A leaf of a graph's tree with what it is the hash of (P5.6, P7.6). */
export function leafProof(graph: EncodedGraph, index: number) {
  const { end } = firstLeaves(graph.header);
  if (index >= end) throw new NoLeafError("leaf-index", `leaf ${index} of ${end}`);
  const [leaves] = treeIn(graph);
  return { ...leaves![index]!, encoded: leafBytes(graph, index), siblings: sumProofIn(treeIn(graph), index) };
}

/** A leaf's way up with the sums that are said of each node on it, but for the root's, which the job says. */
export function sumPath(graph: EncodedGraph, index: number): SumPath {
  const levels = treeIn(graph).slice(0, -1);
  const own = levels.map((level, height) => level[index >> height]!);
  return {
    leaf: treeIn(graph)[0]![index]!.hash,
    flops: own.map(({ flops }) => flops),
    bytes_: own.map(({ bytes_ }) => bytes_),
    siblings: sumProofIn(treeIn(graph), index),
  };
}

/** What the leaf is the hash of (P5.6). */
export function leafBytes({ header, constants, states, feeds, nextStates, nodes }: EncodedGraph, index: number): Hex {
  const { state, feed, nextState, node } = firstLeaves(header);
  if (index === 0) return graphHeaderBytes(header);
  if (index < state) return constantBytes(constants[index - 1]!);
  if (index < feed) return stateInputBytes(states[index - state]!);
  if (index < nextState) return feedBytes(feeds[index - feed]!);
  if (index < node) return nextStateBytes(nextStates[index - nextState]!);
  return nodeBytes(nodes[index - node]!);
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
  const siblings = siblingsIn(graph, "constant", index);
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
