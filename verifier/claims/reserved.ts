import { type Address, isAddressEqual, zeroAddress } from "viem";
import { isSeedless } from "../../common/task.ts";
import { HISTORY_BLOCKS } from "./declined.ts";
import type { ExecutorView } from "./view.ts";

export const isFree = (view: ExecutorView): boolean =>
  isAddressEqual(view.reservation.reserver, zeroAddress) || hasLapsed(view);

/** The reserver's time is over: its seed was fixed and RESERVE_SECONDS went by, or nobody fixed it while it could be. */
export function hasLapsed({ reservation, nowSeconds, l1Block, clocks }: ExecutorView): boolean {
  const { seedFixedAt, reservedAt, firstBlock } = reservation;
  if (seedFixedAt === 0n) return firstBlock !== 0n && l1Block > firstBlock + clocks.seedDelayBlocks + HISTORY_BLOCKS;
  const isOver = (from: bigint) => nowSeconds > from + clocks.reserveSeconds;
  return isOver(seedFixedAt) && isOver(reservedAt);
}

/** Who else is at a task, as L1 tells: its claimant, who delivered for it, or who reserved it. Undefined where it is free, or one's own. */
export function takenBy(view: ExecutorView): Address | undefined {
  const { me, task, live, commission, reservation } = view;
  const delivered = commission?.delivery.claimant ?? zeroAddress;
  // Who needs no seed reserves nothing, and nobody's reservation is in the way (P6.2).
  const needsNone = commission !== undefined || isSeedless(task) || reservation.openToAll;
  const reserved = needsNone || isFree(view) ? zeroAddress : reservation.reserver;
  const by = live?.claimant ?? (isAddressEqual(delivered, zeroAddress) ? reserved : delivered);
  return [zeroAddress, me].some((nobody) => isAddressEqual(nobody, by)) ? undefined : by;
}
