import type { AnchoredLog } from "./read.ts";
import type { L1Message } from "./step.ts";

/** What a batch counts for before it was read: an L1 transaction takes no more calldata, and a blob is as long. */
const BATCH_BYTES = 128 * 1024;

/** The last L1 block up to which logs stand for at most `maxBytes`, and no less than their first one. */
export function lastWithin(
  maxBytes: number,
  messages: readonly L1Message[],
  anchored: readonly AnchoredLog[],
  last: bigint,
): bigint {
  const weights = new Map<bigint, number>();
  const add = (l1Block: bigint, bytes: number) => weights.set(l1Block, (weights.get(l1Block) ?? 0) + bytes);
  for (const { l1Block, body } of messages) add(l1Block, body.length / 2);
  for (const { blockNumber } of anchored) add(blockNumber as bigint, BATCH_BYTES);
  let [total, within]: [number, bigint | undefined] = [0, undefined];
  for (const [l1Block, bytes] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    total += bytes;
    if (total > maxBytes && within !== undefined) return within;
    within = l1Block;
  }
  return last;
}
