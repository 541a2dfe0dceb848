import type { Hex } from "viem";
import type { Demand, JobRecord } from "./execution.ts";
import { failureOf } from "./failures.ts";
import { systemKey } from "./keys.ts";
import type { ExecutionStore } from "./store.ts";
import {
  claimSlot,
  escrowSlot,
  ITEM,
  liveSlot,
  overturnedSlot,
  parkedSlot,
  pledgeSlot,
  read,
  readNatural,
  resultSlot,
} from "./system.ts";
import { openedTask } from "./tasks.ts";
import { isVoid } from "./voids.ts";

const wordsUnder = (store: ExecutionStore, number: bigint, item: number): Hex[] => {
  const prefix = systemKey(item);
  return store.keysAt(number, prefix).map((key): Hex => `0x${key.slice(prefix.length)}`);
};

/** Transactions parked at a block, by the id they wait for. */
export function parkedById(store: ExecutionStore, number: bigint): Map<Hex, Hex[]> {
  const reader = store.at(number);
  const byId = new Map<Hex, Hex[]>();
  for (const hash of wordsUnder(store, number, ITEM.parked)) {
    const { id } = read(reader, parkedSlot(hash))!;
    byId.set(id, [...(byId.get(id) ?? []), hash]);
  }
  return byId;
}

export function jobRecord(
  store: ExecutionStore,
  number: bigint,
  id: Hex,
  parked: ReadonlyMap<Hex, readonly Hex[]> = parkedById(store, number),
): JobRecord | undefined {
  const reader = store.at(number);
  const opened = openedTask(reader, id);
  if (opened === undefined) return undefined;
  const result = read(reader, resultSlot(id));
  const claimHash = result?.claimHash ?? read(reader, liveSlot(id));
  const claim = claimHash && read(reader, claimSlot(claimHash));
  const failed = failureOf(reader, opened.task);
  return {
    id,
    task: opened.task,
    job: opened.job,
    openedInBlock: opened.opened.blockNumber,
    escrowWei: readNatural(reader, escrowSlot(id)),
    pledgedWei: read(reader, pledgeSlot(id))?.amountWei ?? 0n,
    parked: parked.get(id) ?? [],
    status: isVoid(reader, opened.job, opened.task)
      ? "void"
      : failed
        ? "failed"
        : result?.isFinal
          ? "final"
          : result
            ? "soft"
            : claim
              ? "claimed"
              : "open",
    ...(failed ? { failed } : {}),
    ...(claim ? { claimHash, claimant: claim.claimant, resultRoot: claim.resultRoot, output: claim.output } : {}),
    overturned: read(reader, overturnedSlot(id)) === true,
  };
}

/** Every id opened on L2 by block `number`, the oldest first. */
export function jobRecords(store: ExecutionStore, number: bigint): JobRecord[] {
  const parked = parkedById(store, number);
  return wordsUnder(store, number, ITEM.opened)
    .map((id) => jobRecord(store, number, id, parked)!)
    .sort((a, b) => Number(a.openedInBlock - b.openedInBlock) || (a.id < b.id ? -1 : 1));
}

/** What transactions wait for, and the models that must come before it. A training nobody forces is no demand. */
export function demands(store: ExecutionStore, number: bigint): Demand[] {
  const records = new Map(jobRecords(store, number).map((record) => [record.id, record]));
  const wanted = new Map<Hex, Demand>();
  const demandOf = ({ id, task, job, escrowWei, pledgedWei, parked }: JobRecord): Demand => ({
    id,
    task,
    job,
    escrowWei,
    pledgedWei,
    parked,
  });
  for (const record of records.values()) {
    const { id, task } = record;
    if (record.parked.length === 0 || record.status === "void" || record.status === "failed") continue;
    const model = records.get(task.modelId);
    if (model !== undefined && model.status !== "final") wanted.set(model.id, demandOf(model));
    wanted.set(id, { ...demandOf(record), prerequisite: task.modelId });
  }
  return [...wanted.values()];
}
