import type { Address, Hex } from "viem";
import { DNN_ADDRESS } from "../../common/addresses.ts";
import { smallerOf } from "../../common/bigint.ts";
import { addBalance } from "./account.ts";
import { pushExpiry } from "./expiries.ts";
import type { WorldState } from "./state.ts";
import { addNatural, claimSlot, computeSlot, escrowSlot, openedSlot, read, resultSlot, write } from "./system.ts";
import { openedTask } from "./tasks.ts";

/**
 * Compute money lies in the balance of the DNN address: escrows by id, and compute balances by account. Whoever calls
 * these has moved the wei there. Whoever adds makes a gift to the task: ids are public before they are opened, so paying in
 * gives no right to what others pay in.
 */
export function addEscrow(state: WorldState, id: Hex, amountWei: bigint): void {
  addNatural(state, escrowSlot(id), amountWei);
  payFinal(state, id);
}

/**
 * Once the result of an opened id is final: its price to the claimant's L2 balance, the rest to the owner's compute
 * balance. Comes from whichever is last, the money or the result.
 */
export function payFinal(state: WorldState, id: Hex): void {
  const result = read(state, resultSlot(id));
  const escrowWei = read(state, escrowSlot(id));
  const opened = openedTask(state, id);
  if (!result?.isFinal || escrowWei === undefined || opened === undefined) return;
  const { claimant } = read(state, claimSlot(result.claimHash))!;
  const { priceWei } = opened.task;
  const paidWei = smallerOf(escrowWei, priceWei);
  write(state, escrowSlot(id), undefined);
  addBalance(state, DNN_ADDRESS, -paidWei);
  addBalance(state, claimant, paidWei);
  addNatural(state, computeSlot(opened.opened.owner), escrowWei - paidWei);
}

/** A block may lag its L1 origin by this much (P3.3), so a claim made in time is known by then. */
export const ORIGIN_LAG_SECONDS = 1800n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** After the deadline, and the time a claim made before it needs to be known here, unused escrow goes back. */
export const scheduleRefund = (state: WorldState, id: Hex, deadline: bigint): void =>
  pushExpiry(state, { at: smallerOf(deadline + ORIGIN_LAG_SECONDS, MAX_UINT64), kind: "escrow", word: id });

/** The whole escrow to the owner's compute balance. */
export function refundEscrow(state: WorldState, id: Hex): void {
  const escrowWei = read(state, escrowSlot(id));
  const opened = read(state, openedSlot(id));
  if (escrowWei === undefined || opened === undefined) return;
  write(state, escrowSlot(id), undefined);
  addNatural(state, computeSlot(opened.owner), escrowWei);
}

/** Pays out a compute balance; returns what it was. */
export function withdrawCompute(state: WorldState, account: Address): bigint {
  const amountWei = read(state, computeSlot(account)) ?? 0n;
  write(state, computeSlot(account), undefined);
  addBalance(state, DNN_ADDRESS, -amountWei);
  addBalance(state, account, amountWei);
  return amountWei;
}
