import { type Address, type Hex, isAddressEqual } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { isSeedless, startsFromRoot } from "../../common/task.ts";
import { commissioned } from "./commission-actions.ts";
import { declined } from "./declined.ts";
import { hasLapsed, isFree } from "./reserved.ts";
import { CLAIM_STATUS } from "./status.ts";
import type { ExecutorView, Reservation } from "./view.ts";

export type ExecutorAction =
  /** Nothing is begun: L1 would not take the claim. */
  | { readonly kind: "decline"; readonly reason: string }
  | { readonly kind: "prepare" }
  | { readonly kind: "reserve" }
  | { readonly kind: "fixSeed"; readonly seedBlock: bigint }
  | { readonly kind: "deliver" }
  | { readonly kind: "draw"; readonly seedBlock: bigint }
  | { readonly kind: "run"; readonly seed: Hex; readonly consumed: Hex | undefined }
  | { readonly kind: "commit" }
  | { readonly kind: "claim" }
  | { readonly kind: "finalize"; readonly claimHash: Hex }
  | { readonly kind: "sink"; readonly claimHash: Hex };

/** A commitment must be revealed in a later block, within this many (P6.3). */
const REVEAL_BLOCKS = 256n;

/** What an executor does next for a task; nothing if it must wait or others are at it. Pure. */
export function nextExecutorActions(view: ExecutorView): readonly ExecutorAction[] {
  const { live, task, deadline, nowSeconds, clocks } = view;
  if (live !== undefined) {
    if (live.status !== CLAIM_STATUS.open) return [];
    if (live.consumedLost || live.isVoid) return [{ kind: "sink", claimHash: live.claimHash }];
    if (live.finalizable) return [{ kind: "finalize", claimHash: live.claimHash }];
    return [];
  }
  if (nowSeconds > deadline) return [];
  if (view.overturnedAt !== 0n && nowSeconds <= view.overturnedAt + clocks.airgapSeconds) return [];
  if (!startsFromRoot(task) && view.consumed === undefined) return [];
  if (view.commission !== undefined) return commissioned(view, view.commission);
  if (isSeedless(task)) return committed(view, ZERO_HASH);
  return view.reservation.openToAll ? committed(view, view.reservation.seed) : seeded(view);
}

/** P6.3: run, commit, and claim in a later block. */
function committed(view: ExecutorView, seed: Hex): readonly ExecutorAction[] {
  const { work, l1Block, consumed } = view;
  if (work.state === "none") return declined(view) ?? [{ kind: "run", seed, consumed }];
  if (work.state !== "ready") return [];
  const { committedAtBlock } = work;
  // The next block is the first that could hold the claim.
  if (committedAtBlock === undefined || l1Block + 1n > committedAtBlock + REVEAL_BLOCKS) return [{ kind: "commit" }];
  return l1Block + 1n > committedAtBlock ? [{ kind: "claim" }] : [];
}

/** P6.2: have everything at hand, reserve, have the seed fixed, run, claim. */
function seeded(view: ExecutorView): readonly ExecutorAction[] {
  const { me, reservation, work, l1Block, clocks } = view;
  const seedBlock = reservation.firstBlock + clocks.seedDelayBlocks;
  if (!holds(me, reservation) || hasLapsed(view)) return isFree(view) ? staked(view) : [];
  if (reservation.seedFixedAt === 0n) return l1Block > seedBlock ? [{ kind: "fixSeed", seedBlock }] : [];
  if (work.state === "none") return [{ kind: "run", seed: reservation.seed, consumed: view.consumed }];
  return work.state === "ready" ? [{ kind: "claim" }] : [];
}

/** The bond is lost if no run comes of it: none is put at stake before one could begin. */
function staked(view: ExecutorView): readonly ExecutorAction[] {
  const { ground } = view;
  const refusal = declined(view);
  if (refusal !== undefined) return refusal;
  if (ground === "none") return [{ kind: "prepare" }];
  return ground === "sound" ? [{ kind: "reserve" }] : [];
}

const holds = (me: Address, { reserver }: Reservation): boolean => isAddressEqual(reserver, me);
