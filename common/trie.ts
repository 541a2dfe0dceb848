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

/** By path: the RLP of 0 is `80`, behind those of 1 … 127 and before the longer ones. */
const sortedLeaves = (values: readonly Uint8Array[]): Leaf[] => {
  const leafOf = (index: number): Leaf => ({
    path: nibbles(encodeRlp(BigInt(index))),
    value: values[index] as Uint8Array,
  });
  const short = Math.min(values.length, 128);
  return values.map((_, at) => leafOf(at < short - 1 ? at + 1 : at === short - 1 ? 0 : at));
};

function nibbles(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 * bytes.length);
  for (const [i, byte] of bytes.entries()) {
    out[2 * i] = byte >> 4;
    out[2 * i + 1] = byte & 15;
  }
  return out;
}

/** Hex-prefix encoding of a path's rest. */
function prefixed(path: Uint8Array, isLeaf: boolean): Uint8Array {
  const odd = path.length % 2;
  const out = new Uint8Array((path.length - odd) / 2 + 1);
  out[0] = ((isLeaf ? 2 : 0) + odd) * 16 + (odd === 1 ? (path[0] as number) : 0);
  for (let i = 1; i < out.length; i++)
    out[i] = (path[2 * i - 2 + odd] as number) * 16 + (path[2 * i - 1 + odd] as number);
  return out;
}

const EMPTY = new Uint8Array(0);

/** Node over sorted leaves that agree on their first `depth` nibbles. */
function node(leaves: readonly Leaf[], depth: number): RlpInput {
  const [first, last] = [leaves[0] as Leaf, leaves.at(-1) as Leaf];
  if (leaves.length === 1) return [prefixed(first.path.subarray(depth), true), first.value];
  let shared = depth;
  while (first.path[shared] === last.path[shared]) shared++;
  if (shared > depth) return [prefixed(first.path.subarray(depth, shared), false), reference(node(leaves, shared))];
  // RLP of an index is never a prefix of another's, so a branch holds no value of its own.
  const branch: RlpInput[] = new Array(17).fill(EMPTY);
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
