import type { Hex } from "viem";
import { bytesOfHex } from "../../common/bytes.ts";
import {
  constantHash,
  type EncodedConstant,
  type EncodedGraph,
  type EncodedGraphHeader,
  feedHash,
  graphHeaderHash,
  nextStateHash,
  nodeHash,
  stateInputHash,
  valueBytes,
} from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import type { GraphRef } from "../../common/job.ts";
import { keccakHex } from "../../common/keccak.ts";

/** A node of the tree over a graph: its hash and the cost of everything below it (P0.4). */
export type SumNode = { readonly hash: Hex; readonly flops: bigint; readonly bytes_: bigint };

const PADDING: SumNode = { hash: ZERO_HASH, flops: 0n, bytes_: 0n };
const MAX_SUM = 2n ** 64n;

/** Leaves in order (P5.6). What only names things has no costs. */
export function graphLeaves(graph: EncodedGraph): SumNode[] {
  const free = (hash: Hex): SumNode => ({ hash, flops: 0n, bytes_: 0n });
  return [
    free(graphHeaderHash(graph.header)),
    ...graph.constants.map((constant) => ({
      hash: constantHash(constant),
      flops: 0n,
      bytes_: constantSize(constant),
    })),
    ...graph.states.map((state) => free(stateInputHash(state))),
    ...graph.feeds.map((feed) => free(feedHash(feed))),
    ...graph.nextStates.map((value) => free(nextStateHash(value))),
    ...graph.nodes.map((node) => ({ hash: nodeHash(node), flops: node.flops, bytes_: node.bytes_ })),
  ];
}

/** Beyond all sums where its elements cannot be counted: then its leaf is false, whatever sums it has in a tree. */
function constantSize(constant: EncodedConstant): bigint {
  try {
    return valueBytes(constant);
  } catch (error) {
    if (error instanceof RangeError) return MAX_SUM;
    throw error;
  }
}

/** Where the first leaf of each list stands, as the header counts them. */
export function firstLeaves({ constants, states, feeds, nextStates, nodes }: EncodedGraphHeader) {
  const firstState = 1 + constants;
  const firstFeed = firstState + states;
  const firstNextState = firstFeed + feeds;
  const firstNode = firstNextState + nextStates;
  return {
    constant: 1,
    state: firstState,
    feed: firstFeed,
    nextState: firstNextState,
    node: firstNode,
    end: firstNode + nodes,
  };
}

/** The triple a job names its graph by. */
export function graphRef(graph: EncodedGraph): GraphRef {
  const { hash, flops, bytes_ } = sumLevels(graphLeaves(graph)).at(-1)![0]!;
  return { root: hash, flops, bytes_ };
}

/** Sibling triples from the leaf upwards. */
export function sumProof(leaves: readonly SumNode[], index: number): SumNode[] {
  if (index < 0 || index >= leaves.length) throw new RangeError(`leaf ${index} of ${leaves.length}`);
  return sumProofIn(sumLevels(leaves), index);
}

/** The same in a tree of which all levels are known. */
export const sumProofIn = (levels: readonly (readonly SumNode[])[], index: number): SumNode[] =>
  levels.slice(0, -1).map((level, height) => level[(index >> height) ^ 1]!);

/** Siblings of leaf `index` of `count`, sums of padding zero whatever stands there: L1 does not look at it (P0.4). */
export const withoutPadding = (siblings: readonly SumNode[], index: number, count: number): SumNode[] =>
  siblings.map((sibling, height) => {
    const at = index >> height;
    const isPadding = at % 2 === 0 && at >= (count - 1) >> height;
    return isPadding ? { ...sibling, flops: 0n, bytes_: 0n } : sibling;
  });

/** All levels, leaves (padded) first, root last. */
export function sumLevels(leaves: readonly SumNode[]): SumNode[][] {
  let width = 1;
  while (width < leaves.length) width *= 2;
  let level = Array.from({ length: width }, (_, i) => leaves[i] ?? PADDING);
  const levels = [level];
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, i) => sumNode(level[2 * i]!, level[2 * i + 1]!));
    levels.push(level);
  }
  return levels;
}

/** ABI words of a triple: most of a graph's hashing is here. */
const wordsOf = ({ hash, flops, bytes_ }: SumNode): string => hash.slice(2) + wordOf(flops) + wordOf(bytes_);
const wordOf = (value: bigint): string => value.toString(16).padStart(64, "0");

export function sumNode(left: SumNode, right: SumNode): SumNode {
  const flops = left.flops + right.flops;
  const bytes_ = left.bytes_ + right.bytes_;
  if (flops >= MAX_SUM || bytes_ >= MAX_SUM) throw new RangeError("a graph's sums must fit in 64 bits");
  return { hash: keccakHex(bytesOfHex(`0x${wordsOf(left)}${wordsOf(right)}`)), flops, bytes_ };
}
