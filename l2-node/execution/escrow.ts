import type { Address, Hex } from "viem";
import { DNN_ADDRESS } from "../../common/addresses.ts";
import { smallerOf } from "../../common/bigint.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import type { Task } from "../../common/task.ts";
import { addBalance } from "./account.ts";
import { pushExpiry } from "./expiries.ts";
import { earnedWei, failureOf } from "./failures.ts";
import type { StateReader, WorldState } from "./state.ts";
import {
  addNatural,
  claimSlot,
  computeSlot,
  escrowSlot,
  liveSlot,
  openedSlot,
  type Pledge,
  pledgeSlot,
  read,
  readNatural,
  resultSlot,
  write,
} from "./system.ts";
import { deadlineOf, isHeld, openedTask } from "./tasks.ts";
import { unlistTask } from "./unfinished.ts";
import { isVoid } from "./voids.ts";

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
 * Once the result of an opened id is final, or that it has none: what is earned of its price to the claimant's L2 balance, out of the
 * escrow and then out of what was pledged; the rest to the owners' compute balances. Comes from whichever is last, the money or the result.
 */
export function payFinal(state: WorldState, id: Hex): void {
  const result = read(state, resultSlot(id));
  const known = openedTask(state, id);
  const pledged = read(state, pledgeSlot(id));
  const escrowWei = readNatural(state, escrowSlot(id));
  if (!result?.isFinal || known === undefined || isLent(pledged)) return;
  if (pledged === undefined && escrowWei === 0n) return;
  const { opened, task } = known;
  const { claimant } = read(state, claimSlot(result.claimHash))!;
  const dueWei = earnedWei(task, result);
  const ofEscrowWei = smallerOf(escrowWei, dueWei);
  const ofPledgeWei = smallerOf(pledged?.amountWei ?? 0n, dueWei - ofEscrowWei);
  write(state, escrowSlot(id), undefined);
  write(state, pledgeSlot(id), undefined);
  addBalance(state, DNN_ADDRESS, -ofEscrowWei - ofPledgeWei);
  addBalance(state, claimant, ofEscrowWei + ofPledgeWei);
  addNatural(state, computeSlot(opened.owner), escrowWei - ofEscrowWei);
  if (pledged) addNatural(state, computeSlot(pledged.owner), pledged.amountWei - ofPledgeWei);
  if (!opened.paid) write(state, openedSlot(id), { ...opened, paid: true });
}

/** Its transaction is still parked, and will pay by itself or leave the pledge in its place. */
const isLent = (pledged: Pledge | undefined): boolean => pledged !== undefined && pledged.transaction !== ZERO_HASH;

/** A block may lag its L1 origin by this much (P3.3), so a claim made in time is known by then. */
export const ORIGIN_LAG_SECONDS = 1800n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** After the deadline, and the time a claim made before it needs to be known here, unused escrow goes back. */
export const scheduleRefund = (state: WorldState, id: Hex, deadline: bigint): void =>
  pushExpiry(state, { at: smallerOf(deadline + ORIGIN_LAG_SECONDS, MAX_UINT64), kind: "escrow", word: id });

/** No claim of it can be made any more, and none that could become final is there. */
const hasLapsed = (state: StateReader, task: Task, timestamp: bigint): boolean =>
  timestamp > deadlineOf(state, task) + ORIGIN_LAG_SECONDS && !isHeld(state, task);

/** Nothing will be claimed for an opened id any more: it has lapsed, its job is void, or its model will never be made. */
export function isOver(state: StateReader, id: Hex, timestamp: bigint): boolean {
  const known = openedTask(state, id);
  if (known === undefined) return false;
  const { job, task } = known;
  return hasLapsed(state, task, timestamp) || isVoid(state, job, task) || failureOf(state, task) !== undefined;
}

/** How long until a claim that holds a task beyond its deadline is looked at again, in seconds. */
export const LOOK_SECONDS = 600n;

/** What `scheduleRefund` asked for, or the same again when there is more to tell. */
export function refundOrWait(state: WorldState, id: Hex, timestamp: bigint): void {
  const known = openedTask(state, id);
  if (known === undefined || read(state, resultSlot(id))?.isFinal) return;
  if (isOver(state, id, timestamp)) {
    refundOver(state, id, timestamp);
    // What is void stays listed until whoever waits for it has been told (P14.4).
    if (!isVoid(state, known.job, known.task)) unlistTask(state, id, known.opened);
  } else
    scheduleRefund(state, id, isHeld(state, known.task) ? timestamp + LOOK_SECONDS : deadlineOf(state, known.task));
}

/** Of an id that is over, and of which no claim is live or final: the whole escrow, and what was pledged, to their owners. */
export function refundOver(state: WorldState, id: Hex, timestamp: bigint): void {
  const known = openedTask(state, id);
  if (known === undefined || !isOver(state, id, timestamp)) return;
  if (read(state, liveSlot(id)) !== undefined || read(state, resultSlot(id))?.isFinal) return;
  const pledged = read(state, pledgeSlot(id));
  if (isLent(pledged)) return;
  addNatural(state, computeSlot(known.opened.owner), readNatural(state, escrowSlot(id)));
  write(state, escrowSlot(id), undefined);
  if (pledged === undefined) return;
  addNatural(state, computeSlot(pledged.owner), pledged.amountWei);
  write(state, pledgeSlot(id), undefined);
}

/** Pays out a compute balance; returns what it was. */
export function withdrawCompute(state: WorldState, account: Address): bigint {
  const amountWei = read(state, computeSlot(account)) ?? 0n;
  write(state, computeSlot(account), undefined);
  addBalance(state, DNN_ADDRESS, -amountWei);
  addBalance(state, account, amountWei);
  return amountWei;
}
