import type { Hex } from "viem";
import type { L1Header } from "../../common/l1-header.ts";
import type { Message } from "../../common/message.ts";

/** The L1 that blocks are derived from. Must not change while a block or batch is derived. */
export interface L1View {
  /** Canonical header at that number, where this node has it: all origins that headers name, and the sequencer's own. */
  originAt(number: bigint): L1Header | undefined;
  /** Inbox checkpoint at or before an L1 block (P1.3). */
  checkpointAt(l1Block: bigint): { readonly count: bigint; readonly hash: Hex };
  message(index: bigint): Message;
  /** creditsRoot of the last Settled message among the first `count`. */
  creditsRootAt(count: bigint): Hex | undefined;
}
