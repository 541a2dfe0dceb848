import type { Address, Hex } from "viem";
import type { Message } from "../../common/message.ts";
import type { Transaction } from "../../common/transaction.ts";
import type { Block } from "../chain/block.ts";
import type { L1View } from "../chain/l1-view.ts";
import type { L1Header } from "../l1/header.ts";
import type { L1Batch, L1Message } from "../l1/step.ts";
import type { LedgerAccount, LedgerReader } from "../ledger/ledger.ts";

/** A batch without its bytes, which stay on L1. */
export type BatchRecord = Omit<L1Batch, "headers" | "data">;

/** Sealed and derived blocks, and the ledger after the last of them. */
export interface BlockStore extends LedgerReader {
  head(): Block;
  block(number: bigint): Block | undefined;
  numberOf(hash: Hex): bigint | undefined;
  /** Where a transaction was included, or else last skipped. */
  locate(transaction: Hex): { readonly number: bigint; readonly index: number } | undefined;
  /** Adds the head's child with the ledger accounts it changed, each remembered as it was before. */
  append(block: Block, changes: ReadonlyMap<Address, LedgerAccount>): void;
  /** Takes the head off again and restores the ledger before it. Genesis stays. */
  removeHead(): Block;
}

/** What this node has read of L1, and verified. */
export interface L1Store extends L1View {
  /** Last L1 block that was read whole. */
  cursor(): L1Header | undefined;
  finalizedNumber(): bigint;
  /** Origins of blocks sealed from now on lie above this L1 block: see `Chain.rewindL1`. */
  sealAbove(): bigint;
  setSealAbove(l1Block: bigint): void;
  setCursor(head: L1Header, finalizedNumber: bigint): void;
  putHeader(header: L1Header): void;
  /** Newest stored header below `number`: what a reorg is compared with. */
  headerBelow(number: bigint): L1Header | undefined;
  /** Messages read so far, and the chain's hash after them. */
  inbox(): { readonly count: bigint; readonly hash: Hex };
  putMessage(message: L1Message): void;
  rawMessage(index: bigint): L1Message | undefined;
  /** Messages about claims (kinds 3, 4, 5), in inbox order. */
  claimMessages(): Iterable<L1Message>;
  /** The last Settled message among the first `count`. */
  settledAt(count: bigint): Extract<Message, { kind: 6 }> | undefined;
  putBatch(batch: BatchRecord): void;
  lastBatch(): BatchRecord | undefined;
  batch(index: bigint): BatchRecord | undefined;
  batchOf(number: bigint): BatchRecord | undefined;
  /** Last batch anchored at or before an L1 block. */
  lastBatchAt(l1Block: bigint): BatchRecord | undefined;
  /** Forgets what lies above an L1 block. */
  rewind(l1Block: bigint): void;
}

/** Accepted transactions that no block has yet: what a killed sequencer must not lose. */
export interface PoolStore {
  all(): Transaction[];
  put(transactions: readonly Transaction[]): void;
  remove(hashes: readonly Hex[]): void;
}

/** Durable state of a node. Every write is on disk when `transaction` returns; a thrown error undoes all of it. */
export interface Store {
  readonly blocks: BlockStore;
  readonly l1: L1Store;
  readonly pool: PoolStore;
  transaction<T>(work: () => T): T;
  close(): void;
}
