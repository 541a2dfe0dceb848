import type { Address, Hex } from "viem";
import { keccakHex } from "../../common/keccak.ts";
import { parseTransaction, type Transaction } from "../../common/transaction.ts";
import type { PoolRecord } from "./pool-frames.ts";
import type { Journal, Segment } from "./pool-journal.ts";
import type { PoolStore } from "./store.ts";

/** More than twice what waits, and this besides, is not kept. */
const SPARE_BYTES = 16 * 1024 * 1024;

interface Waiting {
  readonly sender: Address;
  readonly raw: Uint8Array;
  /** Absent until it is on disk. */
  segment: Segment | undefined;
}

interface Batch {
  readonly put: Hex[];
  readonly dropped: Hex[];
  readonly saved: PromiseWithResolvers<void>;
}

/** A store that was closed before it had written what it was given. */
const closedEarly = () => new Error("the store was closed");

/**
 * What waits, over a journal. What a block has taken is not written down: its nonce is consumed, which whoever reads the
 * journal again sees in the ledger.
 */
export function openPool(journal: Journal, chainId: bigint): PoolStore & { close(): void } {
  const waiting = readWaiting(journal, chainId);
  let waitingBytes = [...waiting.values()].reduce((sum, { raw }) => sum + raw.length, 0);
  let next: Batch | undefined;
  let isWriting = false;
  let isClosed = false;

  const add = ({ hash, sender, raw }: Transaction): boolean => {
    if (waiting.has(hash)) return false;
    waiting.set(hash, { sender, raw, segment: undefined });
    waitingBytes += raw.length;
    return true;
  };
  const forget = (hash: Hex): boolean => {
    waitingBytes -= waiting.get(hash)?.raw.length ?? 0;
    return waiting.delete(hash);
  };

  /** In the batch that is written next: while one is on its way to the disk, all that comes gathers in it. */
  const batch = (): Batch => {
    next ??= { put: [], dropped: [], saved: Promise.withResolvers<void>() };
    if (!isWriting) {
      isWriting = true;
      setImmediate(writeAll);
    }
    return next;
  };
  const writeAll = async (): Promise<void> => {
    for (let now = next; now && !isClosed; now = next) {
      next = undefined;
      await writeBatch(now);
    }
    next?.saved.promise.catch(() => {});
    next?.saved.reject(closedEarly());
    isWriting = false;
  };
  const writeBatch = async ({ put, dropped, saved }: Batch): Promise<void> => {
    // A block may have taken some already.
    const fresh = put.flatMap((hash) => waiting.get(hash) ?? []).filter(({ segment }) => segment === undefined);
    // What was dropped may have been put again meanwhile.
    const gone = dropped.filter((hash) => !waiting.has(hash));
    const records: PoolRecord[] = [...fresh, ...gone.map((hash) => ({ dropped: hash }))];
    try {
      if (records.length > 0) await write(fresh, records);
      saved.resolve();
    } catch (error) {
      for (const hash of put) forget(hash);
      saved.promise.catch(() => {});
      saved.reject(error);
    }
  };
  const write = async (fresh: readonly Waiting[], records: readonly PoolRecord[]): Promise<void> => {
    const segment = await journal.append(records);
    for (const one of fresh) one.segment = segment;
    if (journal.bytes <= 2 * waitingBytes + SPARE_BYTES || isClosed) return;
    const oldest = journal.oldest();
    if (oldest === undefined) return;
    const left = [...waiting.values()].filter((one) => one.segment === oldest);
    const moved = left.length > 0 ? await journal.append(left) : oldest;
    for (const one of left) one.segment = moved;
    journal.removeOldest();
  };

  return {
    all: () => [...waiting.values()].map(({ sender, raw }) => parseTransaction(raw, chainId, sender)),
    put(transactions) {
      const added = transactions.filter(add);
      if (added.length === 0) return Promise.resolve();
      const { put, saved } = batch();
      for (const { hash } of added) put.push(hash);
      return saved.promise;
    },
    putNow(transactions) {
      const added = transactions.filter(add).map(({ hash }) => waiting.get(hash) as Waiting);
      if (added.length === 0) return;
      const segment = journal.appendNow(added);
      for (const one of added) one.segment = segment;
    },
    remove(hashes) {
      const gone = hashes.filter(forget);
      if (gone.length > 0) batch().dropped.push(...gone);
    },
    included(hashes) {
      for (const hash of hashes) forget(hash);
    },
    close() {
      isClosed = true;
      journal.close();
    },
  };
}

/** One transaction per account and nonce: the one that came last. */
function readWaiting(journal: Journal, chainId: bigint): Map<Hex, Waiting> {
  const waiting = new Map<Hex, Waiting>();
  const places = new Map<string, Hex>();
  for (const { segment, record } of journal.read()) {
    if ("dropped" in record) {
      waiting.delete(record.dropped);
      continue;
    }
    const { nonce } = parseTransaction(record.raw, chainId, record.sender);
    const [hash, place] = [keccakHex(record.raw), `${record.sender} ${nonce}`];
    const before = places.get(place);
    if (before !== undefined) waiting.delete(before);
    places.set(place, hash);
    waiting.set(hash, { ...record, segment });
  }
  return waiting;
}
