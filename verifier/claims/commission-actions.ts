import { isAddressEqual, zeroAddress } from "viem";
import { MAX_DELIVERIES } from "../../common/property.ts";
import { declined, HISTORY_BLOCKS } from "./declined.ts";
import type { ExecutorAction } from "./next-actions.ts";
import type { CommissionView, ExecutorView } from "./view.ts";

/** P13: have weights that were tried, deliver them, have the samples drawn, count, claim. */
export function commissioned(view: ExecutorView, commission: CommissionView): readonly ExecutorAction[] {
  const { me, work, l1Block, nowSeconds, clocks, ground } = view;
  const { delivery, deliverer, tries, opened } = commission;
  const isThere = !isAddressEqual(delivery.claimant, zeroAddress);
  const seedBlock = delivery.l1Block + clocks.seedDelayBlocks;
  // No claim of the id is live: one of this delivery was overturned.
  const hasLapsed =
    delivery.claimed ||
    (delivery.seedFixedAt === 0n
      ? l1Block > seedBlock + HISTORY_BLOCKS
      : nowSeconds > delivery.seedFixedAt + clocks.reserveSeconds);
  if (isThere && !hasLapsed) {
    if (!isAddressEqual(delivery.claimant, me)) return [];
    if (!opened) return [{ kind: "decline", reason: "what was delivered for it is gone from this machine" }];
    if (delivery.seedFixedAt === 0n) return l1Block > seedBlock ? [{ kind: "draw", seedBlock }] : [];
    if (work.state === "none") return [{ kind: "run", seed: delivery.seed, consumed: undefined }];
    return work.state === "ready" ? [{ kind: "claim" }] : [];
  }
  // The same weights with another draw would be trying one's luck.
  if (tries > 0) return [{ kind: "decline", reason: "what was delivered for it was not claimed in time" }];
  const isNamed = !isAddressEqual(deliverer, zeroAddress);
  if (isNamed && !isAddressEqual(deliverer, me))
    return [{ kind: "decline", reason: `${deliverer} alone may deliver for it` }];
  if (delivery.count >= MAX_DELIVERIES) return [{ kind: "decline", reason: "it has had all deliveries there can be" }];
  const refusal = declined(view);
  if (refusal !== undefined) return refusal;
  if (ground === "none") return [{ kind: "prepare" }];
  return ground === "sound" ? [{ kind: "deliver" }] : [];
}
