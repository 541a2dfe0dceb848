import type { Hex } from "viem";
import { hashPair } from "../../common/merkle.ts";

/** Root that `leaf` at `index` and its siblings, padding among them, give (P0.2). */
export const rootFromProof = (leaf: Hex, index: number, proof: readonly Hex[]): Hex =>
  proof.reduce((below, sibling, height) => {
    const isLeft = ((index >> height) & 1) === 0;
    return isLeft ? hashPair(below, sibling) : hashPair(sibling, below);
  }, leaf);
