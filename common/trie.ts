import { keccak } from "./keccak.ts";
import { encodeRlp, type RlpInput } from "./rlp.ts";

export const EMPTY_TRIE_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421" as const;

interface Leaf {
  readonly path: Uint8Array;
  readonly value: Uint8Array;
}

/** Root of Ethereum's Merkle-Patricia trie index → value, as in transactionsRoot; built at once, nothing is stored. */
export function indexedTrieRoot(values: readonly Uint8Array[]): Uint8Array {
  const leaves = sortedLeaves(values);
  return keccak(encodeRlp(leaves.length === 0 ? new Uint8Array(0) : node(leaves, 0)));
}

/**
 * Nodes from the root down to the value at `index`, each as its parent's hash of it says; nodes shorter than a hash lie within
 * their parents. Shows that the trie with this root holds the value.
 */
export function indexedTrieProof(values: readonly Uint8Array[], index: number): Uint8Array[] {
  const target = nibbles(encodeRlp(BigInt(index)));
  const proof: Uint8Array[] = [];
  let leaves = sortedLeaves(values);
  for (let depth = 0; ; ) {
    const encoded = encodeRlp(node(leaves, depth));
    if (depth === 0 || encoded.length >= 32) proof.push(encoded);
    const [first, last] = [leaves[0] as Leaf, leaves.at(-1) as Leaf];
    if (leaves.length === 1) return proof;
    let shared = depth;
    while (first.path[shared] === last.path[shared]) shared++;
    if (shared === depth) {
      leaves = leaves.filter(({ path }) => path[depth] === target[depth]);
      depth++;
    } else depth = shared;
  }
}

const sortedLeaves = (values: readonly Uint8Array[]): Leaf[] =>
  values
    .map((value, index): Leaf => ({ path: nibbles(encodeRlp(BigInt(index))), value }))
    .sort((a, b) => Buffer.compare(a.path, b.path));

const nibbles = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from([...bytes].flatMap((byte) => [byte >> 4, byte & 15]));

/** Hex-prefix encoding of a path's rest. */
function prefixed(path: Uint8Array, isLeaf: boolean): Uint8Array {
  const odd = path.length % 2 === 1;
  const flag = (isLeaf ? 2 : 0) + (odd ? 1 : 0);
  const all = odd ? [flag, ...path] : [flag, 0, ...path];
  return Uint8Array.from(
    { length: all.length / 2 },
    (_, i) => ((all[2 * i] as number) << 4) | (all[2 * i + 1] as number),
  );
}

/** Node over sorted leaves that agree on their first `depth` nibbles. */
function node(leaves: readonly Leaf[], depth: number): RlpInput {
  const [first, last] = [leaves[0] as Leaf, leaves.at(-1) as Leaf];
  if (leaves.length === 1) return [prefixed(first.path.subarray(depth), true), first.value];
  let shared = depth;
  while (first.path[shared] === last.path[shared]) shared++;
  if (shared > depth) return [prefixed(first.path.subarray(depth, shared), false), reference(node(leaves, shared))];
  // RLP of an index is never a prefix of another's, so a branch holds no value of its own.
  const branch: RlpInput[] = Array.from({ length: 17 }, () => new Uint8Array(0));
  for (let start = 0; start < leaves.length; ) {
    const nibble = (leaves[start] as Leaf).path[depth] as number;
    let end = start;
    while (leaves[end]?.path[depth] === nibble) end++;
    branch[nibble] = reference(node(leaves.slice(start, end), depth + 1));
    start = end;
  }
  return branch;
}

/** A child is its hash, or itself where its RLP is shorter than one. */
function reference(child: RlpInput): RlpInput {
  const encoded = encodeRlp(child);
  return encoded.length < 32 ? child : keccak(encoded);
}
