import type { Hex } from "viem";

/** What a node needs of an L1 block. */
export interface L1Header {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Seconds. */
  readonly timestamp: bigint;
  readonly baseFeeWei: bigint;
  readonly mixHash: Hex;
}
