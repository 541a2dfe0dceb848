import { plain } from "../format.ts";
import { method, noParams } from "../method.ts";

/** How far this node is with blocks, execution, L1 and its own mempool. */
export const anhSyncStatus = method(noParams, ({ chain, execution, mempool }) => {
  const { latest, safe, finalized } = chain.heads();
  const cursor = chain.store.l1.cursor();
  return plain({
    role: mempool ? "sequencer" : "replica",
    latest,
    safe,
    finalized,
    executed: execution?.executedNumber() ?? null,
    rederived: execution?.rederivedCount() ?? null,
    unanchored: latest - safe,
    inboxCount: chain.store.l1.inbox().count,
    consumedCount: chain.head().header.origin.inboxCount,
    l1: cursor ? { number: cursor.number, hash: cursor.hash, timestamp: cursor.timestamp } : null,
    mempool: mempool?.size ?? null,
  });
});
