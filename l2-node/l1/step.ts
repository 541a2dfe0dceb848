import type { Hex } from "viem";
import type { L1Header } from "../../common/l1-header.ts";

/** A message as the Inbox logged it; `hash` is the chain's after it (P1.2). */
export interface L1Message {
  readonly index: bigint;
  readonly kind: number;
  readonly body: Hex;
  readonly hash: Hex;
  readonly l1Block: bigint;
}

/** `Claimed`, `Overturned` or `Final`: what they do depends on when L1 said them (P6.6). */
export const isAboutClaim = ({ kind }: L1Message): boolean => kind >= 3 && kind <= 5;

/** A batch as HeaderAnchor accepted it (P3.4). */
export interface L1Batch {
  readonly batch: bigint;
  readonly firstNumber: bigint;
  readonly lastNumber: bigint;
  readonly lastHash: Hex;
  readonly l1Block: bigint;
  readonly l1Transaction: Hex;
  readonly headers: readonly Uint8Array[];
  readonly data: Uint8Array;
  /** It came by `anchorFallback`, unsigned (P3.8). */
  readonly fallback?: true;
}

/** Everything L1 says between the last step's head (exclusive) and this one's (inclusive), in order. */
export interface L1Step {
  readonly head: L1Header;
  readonly finalizedNumber: bigint;
  readonly messages: readonly L1Message[];
  readonly batches: readonly L1Batch[];
  /** Canonical L1 headers at the origins that the batches' headers name, and of the L1 blocks that hold batches or claims' messages. */
  readonly origins: readonly L1Header[];
}
