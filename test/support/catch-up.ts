import type { PublicClient } from "viem";
import { L1DataError } from "../../common/l1-errors.ts";
import type { Chain } from "../../l2-node/chain/chain.ts";
import { Follower } from "../../l2-node/l1/follower.ts";
import { agreedOn } from "./agreed.ts";
import { NO_BLOBS } from "./node.ts";

/** Polls until L1's head is reached. L1 may go on while it is read, and anvil then shows a later state for an earlier block. */
export async function catchUpWith(follower: Follower): Promise<void> {
  for (;;) {
    try {
      if (await follower.poll()) return;
    } catch (error) {
      if (!(error instanceof L1DataError) || error.code !== "l1-proof") throw error;
    }
  }
}

/** Reads into a chain all that an L1 has on which nobody posts blobs. */
export function catchUpOn(client: PublicClient, chain: Chain): Promise<void> {
  const options = { pollMs: 10, maxRangeBlocks: 1000n, maxBackoffMs: 100 };
  return catchUpWith(
    new Follower(options, { client, agreed: agreedOn(client), blobs: NO_BLOBS, chain, onTrouble: () => {} }),
  );
}
