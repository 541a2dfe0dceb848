import { treeDepth } from "../../common/merkle.ts";
import { hashPairs, MAX_NODES, nodes } from "./keccak-pairs.ts";

/** Root over zeros only, by depth. */
const zeroRoots: Uint8Array[] = [new Uint8Array(32)];
function zeroRoot(depth: number): Uint8Array {
  for (let known = zeroRoots.length; known <= depth; known++) {
    nodes.set(zeroRoots[known - 1]!);
    nodes.set(zeroRoots[known - 1]!, 32);
    hashPairs(1);
    zeroRoots.push(nodes.slice(0, 32));
  }
  return zeroRoots[depth]!;
}

/** Root of the tree (P0.2) over hashes that lie one after the other. As `common/merkle.ts`, for thousands of leaves. */
export const packedTreeRoot = (leaves: Uint8Array): Uint8Array => rootAbove(leaves, 0, treeDepth(leaves.length / 32));

const BLOCK_DEPTH = treeDepth(MAX_NODES);

/** Node over a block of leaves, at most `MAX_NODES`, of a tree of more: leaves that come piece by piece need not be kept. */
export function blockNode(leaves: Uint8Array): Uint8Array {
  zeroRoot(BLOCK_DEPTH); // before the nodes are in use
  return blockRoot(leaves, 0, BLOCK_DEPTH);
}

/** Root over the nodes of all blocks, one after the other, of a tree of `count` > `MAX_NODES` leaves. */
export const rootOfBlocks = (blockNodes: Uint8Array, count: number): Uint8Array =>
  rootAbove(blockNodes, BLOCK_DEPTH, treeDepth(count) - BLOCK_DEPTH);

/** Root of `depth` levels over nodes that have `below` levels beneath them; block by block, as many as fit. */
function rootAbove(level: Uint8Array, below: number, depth: number): Uint8Array {
  zeroRoot(below + depth); // before the nodes are in use
  if (level.length <= 32 * MAX_NODES) return blockRoot(level, below, depth);
  const roots = new Uint8Array(32 * Math.ceil(level.length / (32 * MAX_NODES)));
  for (let i = 0; 32 * i < roots.length; i++)
    roots.set(blockRoot(level.subarray(32 * i * MAX_NODES, 32 * (i + 1) * MAX_NODES), below, BLOCK_DEPTH), 32 * i);
  return rootAbove(roots, below + BLOCK_DEPTH, depth - BLOCK_DEPTH);
}

function blockRoot(level: Uint8Array, below: number, depth: number): Uint8Array {
  nodes.set(level);
  let count = level.length / 32;
  for (let done = 0; done < depth; done++) {
    if (count % 2 === 1) nodes.set(zeroRoot(below + done), 32 * count);
    count = Math.ceil(count / 2);
    hashPairs(count);
  }
  return count === 0 ? new Uint8Array(32) : nodes.slice(0, 32);
}
