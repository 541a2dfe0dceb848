import type { Hex } from "viem";
import { bytesOfHex } from "../../common/bytes.ts";
import { constantHash, type EncodedGraph, graphHeaderHash, nodeHash, valueBytes } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import type { GraphRef } from "../../common/job.ts";
import { keccakHex } from "../../common/keccak.ts";

/** A node of the tree over a graph: its hash and the cost of everything below it (P0.4). */
export type SumNode = { readonly hash: Hex; readonly flops: bigint; readonly bytes_: bigint };

const PADDING: SumNode = { hash: ZERO_HASH, flops: 0n, bytes_: 0n };
const MAX_SUM = 2n ** 64n;

/** Leaves in order: header, constants, nodes (P5.6). */
export function graphLeaves(graph: EncodedGraph): SumNode[] {
  return [
    { hash: graphHeaderHash(graph.header), flops: 0n, bytes_: 0n },
    ...graph.constants.map((constant) => ({
      hash: constantHash(constant),
      flops: 0n,
      bytes_: BigInt(valueBytes(constant)),
    })),
    ...graph.nodes.map((node) => ({ hash: nodeHash(node), flops: node.flops, bytes_: node.bytes_ })),
  ];
}

export const constantLeaf = (index: number): number => 1 + index;
export const nodeLeaf = (graph: EncodedGraph, index: number): number => 1 + graph.constants.length + index;

/** The triple a job names its graph by. */
export function graphRef(graph: EncodedGraph): GraphRef {
  const { hash, flops, bytes_ } = sumLevels(graphLeaves(graph)).at(-1)![0]!;
  return { root: hash, flops, bytes_ };
}

/** Sibling triples from the leaf upwards. */
export function sumProof(leaves: readonly SumNode[], index: number): SumNode[] {
  if (index < 0 || index >= leaves.length) throw new RangeError(`leaf ${index} of ${leaves.length}`);
  return sumLevels(leaves)
    .slice(0, -1)
    .map((level, height) => level[(index >> height) ^ 1]!);
}

/** Whether a leaf stands at this place of a tree of `count` leaves with this root (P0.4). */
export function isSumProof(root: GraphRef, leaf: SumNode, index: number, count: number, siblings: readonly SumNode[]) {
  if (count > 2 ** siblings.length || (siblings.length > 0 && count <= 2 ** (siblings.length - 1))) return false;
  const top = siblings.reduce((below, sibling, height) => {
    const isRight = Math.floor(index / 2 ** height) % 2 === 1;
    return isRight ? sumNode(sibling, below) : sumNode(below, sibling);
  }, leaf);
  return top.hash === root.root && top.flops === root.flops && top.bytes_ === root.bytes_;
}

/** All levels, leaves (padded) first, root last. */
function sumLevels(leaves: readonly SumNode[]): SumNode[][] {
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

function sumNode(left: SumNode, right: SumNode): SumNode {
  const flops = left.flops + right.flops;
  const bytes_ = left.bytes_ + right.bytes_;
  if (flops >= MAX_SUM || bytes_ >= MAX_SUM) throw new RangeError("a graph's sums must fit in 64 bits");
  return { hash: keccakHex(bytesOfHex(`0x${wordsOf(left)}${wordsOf(right)}`)), flops, bytes_ };
}
