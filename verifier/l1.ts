import type { PublicClient } from "viem";
import type { L1Addresses } from "../common/chain-file.ts";

/** L1 as a service reads it. */
export type L1 = {
  readonly client: PublicClient;
  readonly contracts: L1Addresses;
  /** No log lies before this block. */
  readonly fromBlock: bigint;
};
