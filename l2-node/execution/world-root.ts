import type { Hex } from "viem";
import { hexOf } from "../../common/bytes.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { keccak } from "../../common/keccak.ts";
import { hasLeaf, type StateKey } from "./keys.ts";

/** Path of a key in the tree: the keccak of its bytes (P11.2). */
const pathOf = (key: StateKey): Uint8Array => keccak(Buffer.from(key, "hex"));

/** Its hash is made when it is asked for: kept, it would be a third of the tree's memory. */
interface Leaf {
  readonly path: Uint8Array;
  readonly valueHash: Uint8Array;
}
interface Branch {
  readonly left: Tree;
  readonly right: Tree;
  hash: Uint8Array | undefined;
}
type Tree = Leaf | Branch | undefined;

const ZERO = new Uint8Array(32);
const bitAt = (path: Uint8Array, depth: number): number => (path[depth >> 3]! >> (7 - (depth & 7))) & 1;
const isLeaf = (tree: Leaf | Branch): tree is Leaf => "path" in tree;

/** `keccak(0x00 ‖ path ‖ keccak(value))` (P11.2). */
function hashOfLeaf(path: Uint8Array, valueHash: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(65);
  bytes.set(path, 1);
  bytes.set(valueHash, 33);
  return keccak(bytes);
}

/** `keccak(0x01 ‖ left ‖ right)` (P11.2). */
function hashOfBranch(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(65);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 33);
  return keccak(bytes);
}

/** 0 for an empty subtree, the leaf itself for a subtree of one leaf (P11.2). */
function hashOf(tree: Tree): Uint8Array {
  if (tree === undefined) return ZERO;
  if (isLeaf(tree)) return hashOfLeaf(tree.path, tree.valueHash);
  tree.hash ??= hashOfBranch(hashOf(tree.left), hashOf(tree.right));
  return tree.hash;
}

function branch(left: Tree, right: Tree): Tree {
  if (left === undefined && (right === undefined || isLeaf(right))) return right;
  if (right === undefined && left !== undefined && isLeaf(left)) return left;
  return { left, right, hash: undefined };
}

function withLeaf(tree: Tree, leaf: Leaf, depth: number): Tree {
  if (tree === undefined || (isLeaf(tree) && Buffer.compare(tree.path, leaf.path) === 0)) return leaf;
  const { left, right } = isLeaf(tree) ? split(tree, depth) : tree;
  return bitAt(leaf.path, depth) === 0
    ? branch(withLeaf(left, leaf, depth + 1), right)
    : branch(left, withLeaf(right, leaf, depth + 1));
}

const split = (leaf: Leaf, depth: number): { left: Tree; right: Tree } =>
  bitAt(leaf.path, depth) === 0 ? { left: leaf, right: undefined } : { left: undefined, right: leaf };

function withoutLeaf(tree: Tree, path: Uint8Array, depth: number): Tree {
  if (tree === undefined) return undefined;
  if (isLeaf(tree)) return Buffer.compare(tree.path, path) === 0 ? undefined : tree;
  return bitAt(path, depth) === 0
    ? branch(withoutLeaf(tree.left, path, depth + 1), tree.right)
    : branch(tree.left, withoutLeaf(tree.right, path, depth + 1));
}

/**
 * Sparse Merkle tree over the keyed state (P11.2), kept in memory and hashed only when its root is asked. Subtrees are
 * never changed in place, so a root costs the leaves that changed since the last one.
 */
export class WorldTree {
  #tree: Tree;

  set(key: StateKey, value: Uint8Array | undefined): void {
    if (!hasLeaf(key)) return;
    const path = pathOf(key);
    this.#tree =
      value === undefined
        ? withoutLeaf(this.#tree, path, 0)
        : withLeaf(this.#tree, { path, valueHash: keccak(value) }, 0);
  }

  root(): Hex {
    return this.#tree === undefined ? ZERO_HASH : hexOf(hashOf(this.#tree));
  }

  /** What shows that a key has its value, or none (P11.6). */
  proof(key: StateKey): WorldProof {
    const path = pathOf(key);
    const siblings: Hex[] = [];
    let tree = this.#tree;
    for (; tree !== undefined && !isLeaf(tree); ) {
      const [next, sibling] = bitAt(path, siblings.length) === 0 ? [tree.left, tree.right] : [tree.right, tree.left];
      siblings.push(hexOf(hashOf(sibling)));
      tree = next;
    }
    siblings.reverse();
    if (tree === undefined || Buffer.compare(tree.path, path) === 0) return { siblings };
    return { siblings, other: { path: hexOf(tree.path), valueHash: hexOf(tree.valueHash) } };
  }
}

/** From the leaf upwards; `other` is the leaf that stands where an absent key's would, if there is one. */
export interface WorldProof {
  readonly siblings: readonly Hex[];
  readonly other?: { readonly path: Hex; readonly valueHash: Hex };
}
