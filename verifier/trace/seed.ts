import { encodeAbiParameters, type Hex, keccak256 } from "viem";

/** Seed of a task from its id and the prevRandao of L1 block r + SEED_DELAY, r its first reservation (P4.5). */
export const seedOf = (id: Hex, prevRandao: bigint): Hex =>
  keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint256" }], [id, prevRandao]));
