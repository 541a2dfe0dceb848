import type { Header, Origin } from "../../common/header.ts";
import type { L1Header } from "../../common/l1-header.ts";
import { assembleHeader } from "./assemble.ts";
import type { Chain } from "./chain.ts";

/**
 * Whether only the fallback block may be anchored at L1 time `now` (P3.8): nothing was for longer than the inclusion window.
 * The L1 block of the last batch is kept for much longer than any window; where it is not known, more than that has passed.
 */
export function isFallbackDue({ file, store }: Chain, now: bigint): boolean {
  const batch = store.l1.lastBatch();
  const anchoredAt = batch ? store.l1.originAt(batch.l1Block)?.timestamp : file.genesis.header.timestamp;
  return anchoredAt === undefined || now > anchoredAt + BigInt(file.clocks.inclusionWindowSeconds);
}

/** The one header that P3.8 allows over the last anchored block with this origin: its time is the origin's. */
export function fallbackHeader({ file, store }: Chain, originHeader: L1Header): Header {
  const parent = store.blocks.block(store.l1.lastBatch()?.lastNumber ?? 0n);
  if (parent === undefined) throw new Error("the last anchored block is not in the store");
  const { count: inboxCount, hash: inboxHash } = store.l1.checkpointAt(originHeader.number);
  const origin: Origin = { number: originHeader.number, hash: originHeader.hash, inboxCount, inboxHash };
  const choice = { timestamp: originHeader.timestamp, origin, envelopes: [], gasUsed: 0n };
  return assembleHeader(file, parent, choice, originHeader);
}
