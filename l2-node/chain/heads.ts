import type { L1Store } from "../store/store.ts";
import type { Block } from "./block.ts";

export interface Heads {
  /** Last sealed or derived. */
  readonly latest: bigint;
  /** Last anchored. */
  readonly safe: bigint;
  /** Last anchored in a finalized L1 block and free of open results. */
  readonly finalized: bigint;
}

/** Heads of the blocks up to `latest`, by what was read of L1; `firstOpen` is the inbox index of the first open claim. */
export function headsOf(
  latest: bigint,
  l1: Pick<L1Store, "lastBatch" | "lastBatchAt" | "finalizedNumber">,
  blocks: { block(number: bigint): Block | undefined },
  firstOpen: bigint | undefined,
): Heads {
  const safe = l1.lastBatch()?.lastNumber ?? 0n;
  const anchored = l1.lastBatchAt(l1.finalizedNumber())?.lastNumber ?? 0n;
  if (firstOpen === undefined) return { latest, safe, finalized: anchored };
  // Largest block at or below `anchored` that consumed no open result: inbox counts ascend, so bisect.
  let [low, high] = [0n, anchored];
  while (low < high) {
    const middle = (low + high + 1n) / 2n;
    if ((blocks.block(middle) as Block).header.origin.inboxCount <= firstOpen) low = middle;
    else high = middle - 1n;
  }
  return { latest, safe, finalized: low };
}
