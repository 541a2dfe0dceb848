import type { Address, Hex } from "viem";
import type { L1Header } from "../../common/l1-header.ts";
import type { Message } from "../../common/message.ts";
import type { Transaction } from "../../common/transaction.ts";
import type { Block } from "../chain/block.ts";
import type { L1View } from "../chain/l1-view.ts";
import type { L1Batch, L1Message } from "../l1/step.ts";
import type { LedgerAccount, LedgerReader } from "../ledger/ledger.ts";

/** A batch without its bytes, which stay on L1. */
export type BatchRecord = Omit<L1Batch, "headers" | "data" | "fallback">;

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
  setCursor(head: L1Header, finalizedNumber: bigint): void;
  putHeader(header: L1Header): void;
  /** Newest stored header below `number`: what a reorg is compared with. */
  headerBelow(number: bigint): L1Header | undefined;
  /** Messages read so far, and the chain's hash after them. */
  inbox(): { readonly count: bigint; readonly hash: Hex };
  putMessage(message: L1Message): void;
  rawMessage(index: bigint): L1Message | undefined;
  /** Messages about claims (kinds 3, 4, 5) from an inbox index on, in inbox order. */
  claimMessages(from?: bigint): Iterable<L1Message>;
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

/** Accepted transactions that no block has yet: what a killed sequencer must not lose. After a crash some come back that a block
 * has; their nonces are consumed. */
export interface PoolStore {
  all(): Transaction[];
  /** Resolves when they are on disk; those that are known already change nothing. Rejects where the disk refuses: they are forgotten. */
  put(transactions: readonly Transaction[]): Promise<void>;
  /** The same, done when it returns. */
  putNow(transactions: readonly Transaction[]): void;
  /** They shall not come back; after a crash they may. */
  remove(hashes: readonly Hex[]): void;
  /** A block has them, on disk. */
  included(hashes: readonly Hex[]): void;
}

/**
 * Blocks under the sequencer's signature that left the chain. While L1 has one's origin, no other may be signed for its place
 * (P3.9), however often L1 turns.
 */
export interface DroppedStore {
  put(block: Block): void;
  /** Those that stood on this parent. */
  over(parent: Pick<Block, "hash">): Block[];
  /** Numbers of their origins in a range of L1 blocks. */
  originsIn(fromL1Block: bigint, toL1Block: bigint): bigint[];
  /** Forgets those at and below a block number: L1 will not turn back that far. */
  prune(number: bigint): void;
}

/** Durable state of a node. Every write is on disk when `transaction` returns; a thrown error undoes all of it. */
export interface Store {
  readonly blocks: BlockStore;
  readonly l1: L1Store;
  readonly pool: PoolStore;
  readonly dropped: DroppedStore;
  transaction<T>(work: () => T): T;
  close(): void;
}

/** A store that another thread writes. What two calls outside of one `snapshot` tell may lie commits apart. */
export interface StoreReader {
  readonly blocks: Pick<BlockStore, "block" | "account">;
  readonly l1: Omit<L1Store, "setCursor" | "putHeader" | "putMessage" | "putBatch" | "rewind">;
  headNumber(): bigint;
  /** How many blocks ever left the chain: while it stands still, known blocks are what they were. */
  removedCount(): number;
  /** Differs from the last answer once something was committed. */
  commits(): number;
  /** Drops known blocks. */
  forget(): void;
  /** Everything `look` reads belongs to one commit. */
  snapshot<T>(look: () => T): T;
  close(): void;
}
