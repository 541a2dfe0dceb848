import { isAddressEqual, zeroAddress } from "viem";
import { declined, HISTORY_BLOCKS } from "./declined.ts";
import type { ExecutorAction } from "./next-actions.ts";
import type { CommissionView, ExecutorView } from "./view.ts";

/** P13: have weights that were tried, deliver them, have the samples drawn, count, claim. */
export function commissioned(view: ExecutorView, commission: CommissionView): readonly ExecutorAction[] {
  const { me, work, l1Block, nowSeconds, clocks, ground } = view;
  const { delivery, limit } = commission;
  const isThere = !isAddressEqual(delivery.claimant, zeroAddress);
  const seedBlock = delivery.l1Block + clocks.seedDelayBlocks;
  const hasLapsed =
    delivery.seedFixedAt === 0n
      ? l1Block > seedBlock + HISTORY_BLOCKS
      : nowSeconds > delivery.seedFixedAt + clocks.reserveSeconds;
  if (isThere && !hasLapsed) {
    if (!isAddressEqual(delivery.claimant, me)) return [];
    if (delivery.seedFixedAt === 0n) return l1Block > seedBlock ? [{ kind: "draw", seedBlock }] : [];
    if (work.state === "none") return [{ kind: "run", seed: delivery.seed, consumed: undefined }];
    return work.state === "ready" ? [{ kind: "claim" }] : [];
  }
  // The same weights with another draw would be trying one's luck.
  if (isThere && isAddressEqual(delivery.claimant, me))
    return [{ kind: "decline", reason: "what was delivered for it was not claimed in time" }];
  if (delivery.count >= limit) return [{ kind: "decline", reason: `it takes ${limit} deliveries, and had them` }];
  const refusal = declined(view);
  if (refusal !== undefined) return refusal;
  if (ground === "none") return [{ kind: "prepare" }];
  return ground === "sound" ? [{ kind: "deliver" }] : [];
}
