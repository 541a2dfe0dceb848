import type { Address, Hex } from "viem";
import { DNN_ADDRESS } from "../../common/addresses.ts";
import { largerOf, smallerOf } from "../../common/bigint.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { encodeJob } from "../../common/job.ts";
import { TASK_KIND } from "../../common/task.ts";
import { floorGas } from "../ledger/gas.ts";
import { addBalance } from "./account.ts";
import type { Wanted } from "./dnn.ts";
import { PARK_GAS } from "./dnn-gas.ts";
import { addEscrow, LOOK_SECONDS, scheduleRefund } from "./escrow.ts";
import { pushExpiry } from "./expiries.ts";
import { lackingWei, pledge } from "./pledges.ts";
import type { Included } from "./settle.ts";
import type { StateReader, WorldState } from "./state.ts";
import {
  dequeue,
  enqueue,
  escrowSlot,
  front,
  type Opened,
  openedSlot,
  type Parked,
  parkedSlot,
  type Queue,
  read,
  readNatural,
  write,
} from "./system.ts";
import { deadlineOf, isHeld, openedTask } from "./tasks.ts";
import { listTask } from "./unfinished.ts";

/** A transaction waits at most this long after it was first parked (P12.5). */
export const MAX_PARKED_SECONDS = 7n * 86_400n;

const RESUME: Queue = { kind: "resume", id: ZERO_HASH };
const waiting = (id: Hex): Queue => ({ kind: "parked", id });

/** What a transaction brings to be parked: gas charged so far without dataGas, and quotes paid before. */
export interface Charged {
  readonly usedGas: bigint;
  readonly quoteGas: bigint;
  /** Of an earlier parking. */
  readonly latest?: bigint | undefined;
  readonly pledged?: readonly Hex[] | undefined;
}

export type ParkingRefusal =
  | { readonly reason: "gas" }
  | { readonly reason: "quote" | "training"; readonly quoteWei: bigint };

/**
 * Puts a transaction at the tail of the queue of the id it wants (P12.5): charges PARK_GAS, and the task's price as gas if
 * nobody paid it in yet. Trainings that its attempts undid and that it has computed are pledged for, out of its value. The
 * caller undoes what a refusal has begun.
 */
export function park(
  state: WorldState,
  included: Included,
  wanted: Wanted,
  charged: Charged,
  timestamp: bigint,
): ParkingRefusal | undefined {
  const { transaction, priceWei, dataGas } = included.entry;
  const { task } = wanted;
  const usedGas = charged.usedGas + PARK_GAS;
  const floor = floorGas(transaction.data);
  const left = transaction.gasLimit - dataGas - charged.quoteGas - largerOf(usedGas, floor);
  if (left < 0n) return { reason: "gas" };
  const paidWei = readNatural(state, escrowSlot(task.id));
  const missingWei = largerOf(task.priceWei - paidWei, 0n);
  const quoteGas = (missingWei + priceWei - 1n) / priceWei;
  if (quoteGas > left) return { reason: "quote", quoteWei: missingWei };

  open(state, wanted, included.block.number, transaction.sender);
  const trainings = new Set([...(charged.pledged ?? []), task.modelId]);
  const lackWei = [...trainings].reduce((sum, id) => sum + lackingWei(state, id), 0n);
  if (lackWei > transaction.valueWei) return { reason: "training", quoteWei: lackWei };
  const pledged = pledge(state, transaction, trainings);
  if (quoteGas > 0n) {
    addBalance(state, DNN_ADDRESS, quoteGas * priceWei);
    addEscrow(state, task.id, quoteGas * priceWei);
  }
  const latest = charged.latest ?? timestamp + MAX_PARKED_SECONDS;
  const expiresAt = smallerOf(largerOf(deadlineOf(state, task), timestamp), latest);
  waitOn(state, transaction.hash, {
    id: task.id,
    blockNumber: included.block.number,
    position: included.position,
    usedGas,
    quoteGas: charged.quoteGas + quoteGas,
    expiresAt,
    latest,
    pledged,
  });
  enqueue(state, waiting(task.id), transaction.hash);
  return undefined;
}

/**
 * Makes the task known. Its model too: a transaction may train and use it at once, and parking undoes the training, but
 * whoever computes must know the job. What the task does not use is its sender's, who paid what was missing; only the first
 * to park for an id can have to.
 */
function open(state: WorldState, { task, job, inputRoot, rows }: Wanted, blockNumber: bigint, sender: Address): void {
  const model: Omit<Opened, "kind" | "job"> = {
    modelId: ZERO_HASH,
    inputRoot: ZERO_HASH,
    rows: 0,
    blockNumber,
    owner: job.requester,
    paid: false,
  };
  if (read(state, openedSlot(task.modelId)) === undefined) {
    write<Opened>(state, openedSlot(task.modelId), { ...model, kind: TASK_KIND.train, job: encodeJob(job) });
    scheduleRefund(state, task.modelId, job.deadline);
  }
  if (read(state, openedSlot(task.id)) !== undefined) return;
  write<Opened>(state, openedSlot(task.id), {
    kind: task.kind,
    modelId: task.modelId,
    inputRoot,
    rows,
    blockNumber,
    owner: sender,
    paid: true,
    job: "0x",
  });
  listTask(state, task, task.id);
  scheduleRefund(state, task.id, task.deadline);
}

/**
 * When the end of a transaction whose time is up is to be looked at again, because its result may still come: its deadline has moved, or
 * a claim holds its task (P12.5). Undefined if it has ended.
 */
export function laterEnd(state: StateReader, { id, latest }: Parked, timestamp: bigint): bigint | undefined {
  const { task } = openedTask(state, id)!;
  const next = smallerOf(isHeld(state, task) ? timestamp + LOOK_SECONDS : deadlineOf(state, task), latest);
  return next < timestamp ? undefined : next;
}

/** Looks at it when it says. */
export function waitOn(state: WorldState, hash: Hex, parked: Parked): void {
  write(state, parkedSlot(hash), parked);
  pushExpiry(state, { at: parked.expiresAt, kind: "parked", word: hash });
}

/** An id got a result that has effect: its queue may go on. */
export function release(state: WorldState, id: Hex): void {
  if (front(state, waiting(id)) !== undefined) enqueue(state, RESUME, id);
}

/** A place in the queue of an id that has a result. */
export interface ToResume {
  readonly id: Hex;
  readonly hash: Hex;
  /** Undefined if the transaction has expired meanwhile, was cancelled or waits elsewhere. */
  readonly parked: Parked | undefined;
}

/** What comes next: result by result in the order of their messages, FIFO within each (P12.5). */
export function nextToResume(state: WorldState): ToResume | undefined {
  for (;;) {
    const id = front(state, RESUME);
    if (id === undefined) return undefined;
    const hash = front(state, waiting(id));
    if (hash !== undefined) {
      const parked = read(state, parkedSlot(hash));
      return { id, hash, parked: parked?.id === id ? parked : undefined };
    }
    dequeue(state, RESUME);
  }
}

export const takeToResume = (state: WorldState, { id }: ToResume): void => dequeue(state, waiting(id));
