import type { Address, Hex } from "viem";
import { structHash } from "./hash.ts";
import { hashPair } from "./merkle.ts";

/** Leaf of the credits tree: an account's cumulative credit (P2.6). */
export const creditLeaf = (account: Address, cumulativeWei: bigint): Hex =>
  structHash("Credit", [{ type: "address" }, { type: "uint256" }], [account, cumulativeWei]);

/** Longest proof `redeem` takes: more leaves than there are atoms to count. */
export const MAX_CREDIT_PROOF = 64;

/**
 * Root that a leaf's proof gives, or undefined where index or length cannot be. The ledger knows no leaf count; a leaf
 * (96 bytes hashed) cannot be read as an inner node (64 bytes), so the proof's own length is its depth (P2.5).
 */
export function creditRoot(leaf: Hex, index: bigint, proof: readonly Hex[]): Hex | undefined {
  if (proof.length > MAX_CREDIT_PROOF || index >= 1n << BigInt(proof.length)) return undefined;
  return proof.reduce(
    (hash, sibling, level) => ((index >> BigInt(level)) & 1n ? hashPair(sibling, hash) : hashPair(hash, sibling)),
    leaf,
  );
}
