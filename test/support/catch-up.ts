import { L1DataError } from "../../l2-node/l1/errors.ts";
import type { Follower } from "../../l2-node/l1/follower.ts";

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
