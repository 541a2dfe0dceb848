import type { ChainFile } from "../../common/chain-file.ts";
import type { L1Header } from "../../common/l1-header.ts";
import type { BatchRecord, StoreReader } from "../store/store.ts";
import type { Heads } from "./heads.ts";

/** How far a node is, by what it has stored. */
export interface ChainStatus extends Heads {
  /** Blocks above the last anchored one. */
  readonly unanchored: bigint;
  /** L1 second of the oldest of them. */
  readonly unanchoredSince: bigint | null;
  /** Messages read of L1, and those that blocks have consumed. */
  readonly inboxCount: bigint;
  readonly consumedCount: bigint;
  /** Claims that are neither final nor overturned. */
  readonly openClaims: number;
  readonly l1: Pick<L1Header, "number" | "hash" | "timestamp"> | null;
  readonly l1Finalized: bigint;
  /** `anchoredAt`: L1 second, where it is still known. */
  readonly lastBatch:
    | (Pick<BatchRecord, "batch" | "firstNumber" | "lastNumber" | "l1Block"> & { readonly anchoredAt: bigint | null })
    | null;
}

/** Of a node's own chain, or of another's that is read. */
export interface StatusSource {
  readonly file: ChainFile;
  readonly store: { readonly blocks: Pick<StoreReader["blocks"], "block">; readonly l1: StoreReader["l1"] };
  heads(): Heads;
  openClaims(): number;
}

export function statusOf(chain: StatusSource): ChainStatus {
  const { blocks, l1 } = chain.store;
  const heads = chain.heads();
  const { latest, safe } = heads;
  const cursor = l1.cursor();
  const batch = l1.lastBatch();
  return {
    ...heads,
    unanchored: latest - safe,
    unanchoredSince: latest > safe ? blocks.block(safe + 1n)!.header.timestamp : null,
    inboxCount: l1.inbox().count,
    consumedCount: blocks.block(latest)!.header.origin.inboxCount,
    openClaims: chain.openClaims(),
    l1: cursor ? { number: cursor.number, hash: cursor.hash, timestamp: cursor.timestamp } : null,
    l1Finalized: l1.finalizedNumber(),
    lastBatch: batch
      ? {
          batch: batch.batch,
          firstNumber: batch.firstNumber,
          lastNumber: batch.lastNumber,
          l1Block: batch.l1Block,
          anchoredAt: l1.originAt(batch.l1Block)?.timestamp ?? null,
        }
      : null,
  };
}
