import { bytesToHex, concat, type Hex, hexToBytes } from "viem";
import { bytesOfHex } from "./bytes.ts";
import { AnhError } from "./errors.ts";
import { ZERO_HASH } from "./hash.ts";
import { keccakHex } from "./keccak.ts";

/** A leaf index outside the tree. */
export class MerkleError extends AnhError {}

export const hashPair = (left: Hex, right: Hex): Hex => keccakHex(bytesOfHex(`0x${left.slice(2)}${right.slice(2)}`));

/** Depth of the tree over `count` leaves: ⌈log2 count⌉, 0 for one leaf or none (P0.2). */
export function treeDepth(count: number): number {
  let depth = 0;
  while (2 ** depth < count) depth++;
  return depth;
}

/** All levels, leaves (padded) first, root last. No leaf: one level holding zero. */
export function treeLevels(leaves: readonly Hex[]): Hex[][] {
  const width = 2 ** treeDepth(leaves.length);
  let level: Hex[] = Array.from({ length: width }, (_, i) => leaves[i] ?? ZERO_HASH);
  const levels = [level];
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, i) => hashPair(level[2 * i] as Hex, level[2 * i + 1] as Hex));
    levels.push(level);
  }
  return levels;
}

export const treeRoot = (leaves: readonly Hex[]): Hex => (treeLevels(leaves).at(-1) as Hex[])[0] as Hex;

/** Siblings from the leaf upwards (P0.2). */
export function treeProof(leaves: readonly Hex[], index: number): Hex[] {
  if (!(index >= 0 && index < leaves.length))
    throw new MerkleError("merkle-index", `leaf ${index} of a tree of ${leaves.length}`, {
      expected: `0 ≤ index < ${leaves.length}`,
      actual: index,
    });
  return rangeProof(leaves, index, index);
}

/** Siblings of a run of leaves: per level the left one if needed, then the right one if needed (P0.3). */
export function rangeProof(leaves: readonly Hex[], first: number, last: number): Hex[] {
  if (!(first >= 0 && first <= last && last < leaves.length))
    throw new MerkleError("merkle-range", `leaves ${first}…${last} of a tree of ${leaves.length}`, {
      expected: `0 ≤ first ≤ last < ${leaves.length}`,
      actual: [first, last],
    });
  const proof: Hex[] = [];
  let [from, to] = [first, last];
  for (const level of treeLevels(leaves)) {
    if (level.length === 1) break;
    if (from % 2 === 1) proof.push(level[from - 1] as Hex);
    if (to % 2 === 0) proof.push(level[to + 1] as Hex);
    [from, to] = [from >> 1, to >> 1];
  }
  return proof;
}

/** The same without padding, which whoever checks a slice knows: of all leaves it is empty (P7.1). */
export function sliceProof(leaves: readonly Hex[], first: number, last: number): Hex[] {
  const proof: Hex[] = [];
  let [from, to, end] = [first, last, leaves.length - 1];
  for (const level of treeLevels(leaves)) {
    if (level.length === 1) break;
    if (from % 2 === 1) proof.push(level[from - 1] as Hex);
    if (to % 2 === 0 && to < end) proof.push(level[to + 1] as Hex);
    [from, to, end] = [from >> 1, to >> 1, end >> 1];
  }
  return proof;
}

/** `bytes32[]` as 32-byte hex from one packed buffer, and back: how value roots travel over the wire. */
export const unpackHashes = (packed: Uint8Array): Hex[] =>
  Array.from({ length: packed.length / 32 }, (_, i) => bytesToHex(packed.subarray(32 * i, 32 * i + 32)));
export const packHashes = (hashes: readonly Hex[]): Uint8Array => hexToBytes(concat(hashes));
