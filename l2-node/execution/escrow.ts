import type { Address, Hex } from "viem";
import { DNN_ADDRESS } from "../../common/addresses.ts";
import { smallerOf } from "../../common/bigint.ts";
import { addBalance } from "./account.ts";
import { pushExpiry } from "./expiries.ts";
import type { WorldState } from "./state.ts";
import { addNatural, claimSlot, computeSlot, escrowSlot, read, resultSlot, write } from "./system.ts";
import { openedTask } from "./tasks.ts";

/**
 * Compute money lies in the balance of the DNN address: escrows by id, and compute balances by account. Whoever calls
 * these has moved the wei there.
 */
export function addEscrow(state: WorldState, id: Hex, owner: Address, amountWei: bigint): void {
  const escrow = read(state, escrowSlot(id)) ?? { amountWei: 0n, owner };
  const sum = { ...escrow, amountWei: escrow.amountWei + amountWei };
  if (sum.amountWei > 0n) write(state, escrowSlot(id), sum);
  payFinal(state, id);
}

/**
 * Once the result of an opened id is final: its price to the claimant's L2 balance, the rest to the owner's compute
 * balance. Comes from whichever is last, the money or the result.
 */
export function payFinal(state: WorldState, id: Hex): void {
  const result = read(state, resultSlot(id));
  const escrow = read(state, escrowSlot(id));
  const opened = openedTask(state, id);
  if (!result?.isFinal || escrow === undefined || opened === undefined) return;
  const { claimant } = read(state, claimSlot(result.claimHash))!;
  const { priceWei } = opened.task;
  const paidWei = smallerOf(escrow.amountWei, priceWei);
  write(state, escrowSlot(id), undefined);
  addBalance(state, DNN_ADDRESS, -paidWei);
  addBalance(state, claimant, paidWei);
  addNatural(state, computeSlot(escrow.owner), escrow.amountWei - paidWei);
}

/** A block may lag its L1 origin by this much (P3.3), so a claim made in time is known by then. */
export const ORIGIN_LAG_SECONDS = 1800n;

/** After the deadline, and the time a claim made before it needs to be known here, unused escrow goes back. */
export const scheduleRefund = (state: WorldState, id: Hex, deadline: bigint): void =>
  pushExpiry(state, { at: deadline + ORIGIN_LAG_SECONDS, kind: "escrow", word: id });

/** The whole escrow back to its owner's compute balance. */
export function refundEscrow(state: WorldState, id: Hex): void {
  const escrow = read(state, escrowSlot(id));
  if (escrow === undefined) return;
  write(state, escrowSlot(id), undefined);
  addNatural(state, computeSlot(escrow.owner), escrow.amountWei);
}

/** Pays out a compute balance; returns what it was. */
export function withdrawCompute(state: WorldState, account: Address): bigint {
  const amountWei = read(state, computeSlot(account)) ?? 0n;
  write(state, computeSlot(account), undefined);
  addBalance(state, DNN_ADDRESS, -amountWei);
  addBalance(state, account, amountWei);
  return amountWei;
}
