import type { Hex } from "viem";
import { DNN_ADDRESS } from "../../common/addresses.ts";
import { largerOf } from "../../common/bigint.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import type { Job } from "../../common/job.ts";
import { modelTask } from "../../common/task.ts";
import type { Transaction } from "../../common/transaction.ts";
import { addBalance } from "./account.ts";
import { payFinal, refundOver } from "./escrow.ts";
import { computed } from "./fault.ts";
import type { StateReader, WorldState } from "./state.ts";
import { escrowSlot, pledgeSlot, read, readNatural, write } from "./system.ts";
import { openedTask } from "./tasks.ts";
import { isVoid } from "./voids.ts";

// A transaction that trains and forces at once undoes its training when it parks, and the training is computed all the same.
// So its price is pledged meanwhile, out of the value that the transaction brings (P12.8): whoever computes is paid, whatever
// becomes of the transaction.

/** What a training's escrow lacks while nobody has paid or pledged it; `job` is for one that nobody has opened yet. */
export function lackingWei(state: StateReader, id: Hex, job?: Job): bigint {
  const known = openedTask(state, id);
  if (known !== undefined && isVoid(state, known.job, known.task)) return 0n; // nobody will compute it
  if (known?.opened.paid || read(state, pledgeSlot(id)) !== undefined) return 0n;
  const priceWei = known?.task.priceWei ?? (job ? computed(() => modelTask(job)).priceWei : 0n);
  return largerOf(priceWei - readNatural(state, escrowSlot(id)), 0n);
}

/** Takes what the trainings lack from the sender's balance; returns those that lacked something. */
export function pledge(state: WorldState, { sender, hash }: Transaction, ids: Iterable<Hex>): Hex[] {
  const pledged: Hex[] = [];
  for (const id of new Set(ids)) {
    const amountWei = lackingWei(state, id);
    if (amountWei === 0n) continue;
    addBalance(state, sender, -amountWei);
    addBalance(state, DNN_ADDRESS, amountWei);
    write(state, pledgeSlot(id), { owner: sender, amountWei, transaction: hash });
    pledged.push(id);
  }
  return pledged;
}

/** Gives a transaction its pledges back, so that its next attempt can pay. */
export function lendPledges(state: WorldState, transaction: Hex, ids: readonly Hex[]): void {
  for (const id of ids) if (read(state, pledgeSlot(id))?.transaction === transaction) returnPledge(state, id);
}

/** Nobody needs it: the training is paid, or about to be. To the owner's L2 balance. */
export function returnPledge(state: WorldState, id: Hex): void {
  const pledged = read(state, pledgeSlot(id));
  if (pledged === undefined) return;
  write(state, pledgeSlot(id), undefined);
  addBalance(state, DNN_ADDRESS, -pledged.amountWei);
  addBalance(state, pledged.owner, pledged.amountWei);
}

/** A transaction ended: what of its pledges it has not paid waits for the results in its place. */
export function leavePledges(state: WorldState, transaction: Hex, ids: readonly Hex[], timestamp: bigint): void {
  for (const id of ids) {
    const pledged = read(state, pledgeSlot(id));
    if (pledged?.transaction === transaction) write(state, pledgeSlot(id), { ...pledged, transaction: ZERO_HASH });
    payFinal(state, id);
    refundOver(state, id, timestamp);
  }
}
