import type { Clocks } from "../../common/clocks.ts";
import type { ChainStatus } from "../../l2-node/chain/status.ts";
import { patienceFor } from "../../verifier/l1/agreed.ts";

/** Something an operator has to look at. */
export interface NodeTrouble {
  readonly code: "l1-unread" | "l1-behind" | "unanchored" | "fallback-due" | "stopped" | "disk-low";
  readonly message: string;
}

export interface TroubleFacts {
  readonly status: ChainStatus;
  readonly clocks: Pick<Clocks, "l1BlockMs" | "inclusionWindowSeconds">;
  /** L1's own head where it was asked, and the time by this machine, in seconds. */
  readonly l1Head: bigint | undefined;
  readonly now: bigint;
  readonly isRunning: boolean;
  /** Transactions that wait; null where the node has no pool. */
  readonly mempool: number | null;
  readonly freeBytes: number | undefined;
}

/** Blocks that a node may be behind L1 as it was asked a moment later. */
const LAG_BLOCKS = 25n;
const LITTLE_BYTES = 1024 ** 3;

/** What is not as it should be, worst first; empty if all is well. */
export function troublesOf(facts: TroubleFacts): readonly NodeTrouble[] {
  const { status, clocks, l1Head, now, isRunning, mempool, freeBytes } = facts;
  const { l1, lastBatch, unanchored, unanchoredSince } = status;
  if (l1 === null) return [{ code: "l1-unread", message: "nothing has been read of L1 yet" }];
  const found: NodeTrouble[] = [];
  const say = (code: NodeTrouble["code"], message: string) => found.push({ code, message });
  const window = BigInt(clocks.inclusionWindowSeconds);
  const anchoredAgo = lastBatch?.anchoredAt == null ? undefined : l1.timestamp - lastBatch.anchoredAt;
  if (anchoredAgo !== undefined && anchoredAgo > window)
    say("fallback-due", `no batch for ${anchoredAgo} s: only the fallback block may come next (anh tx force, P3.8)`);
  // The sequencer seals none while the oldest is so near to its window's end.
  else if (unanchoredSince !== null && (l1.timestamp - unanchoredSince) * 10n > window * 9n)
    say(
      "unanchored",
      `${unanchored} blocks are not anchored, the oldest for ${l1.timestamp - unanchoredSince} s of ${window}`,
    );
  const ageSeconds = now - l1.timestamp;
  if (l1Head !== undefined ? l1Head > l1.number + LAG_BLOCKS : Number(ageSeconds) * 1000 > patienceFor(clocks).lateMs)
    say(
      "l1-behind",
      l1Head === undefined
        ? `the last L1 block that was read is ${ageSeconds} s old`
        : `L1 is at block ${l1Head}, and ${l1.number} is the last that was read`,
    );
  if (!isRunning && (unanchored > 0n || (mempool ?? 0) > 0))
    say(
      "stopped",
      `no node runs on it, and ${unanchored} blocks and ${mempool ?? 0} waiting transactions are nowhere else`,
    );
  if (freeBytes !== undefined && freeBytes < LITTLE_BYTES) say("disk-low", "the disk has less than 1 GiB left");
  return found;
}
