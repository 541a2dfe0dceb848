import { isSeedless } from "../../common/task.ts";
import { unclaimable } from "./claimable.ts";
import type { ExecutorAction } from "./next-actions.ts";
import type { ExecutorView } from "./view.ts";

/** L1 blocks that EIP-2935 remembers. */
export const HISTORY_BLOCKS = 8191n;

/** Why nothing is put at stake for a task now; undefined if nothing is against it. */
export function declined(view: ExecutorView): readonly ExecutorAction[] | undefined {
  const { task, deadline, nowSeconds, clocks } = view;
  const reason = unclaimable({ ...task, deadline }, clocks, nowSeconds + secondsToSeed(view));
  return reason === undefined ? undefined : [{ kind: "decline", reason }];
}

/** Until the block whose randomness gives the seed; the first reservation counts (P4.5). */
function secondsToSeed({ task, reservation, commission, l1Block, clocks }: ExecutorView): bigint {
  if (commission !== undefined) return (clocks.seedDelayBlocks * clocks.l1BlockMs) / 1000n;
  if (isSeedless(task) || reservation.seedFixedAt !== 0n) return 0n;
  const first = reservation.firstBlock === 0n ? l1Block : reservation.firstBlock;
  const blocks = first + clocks.seedDelayBlocks - l1Block;
  return blocks > 0n ? (blocks * clocks.l1BlockMs) / 1000n : 0n;
}
