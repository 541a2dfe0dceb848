import type { Hex } from "viem";
import { decodeMessage } from "../../common/message.ts";
import type { L1Message } from "../l1/step.ts";
import { type SoftClocks, softClaims } from "./soft-claims.ts";

/** What the messages read so far say about claims, whether or not a block has consumed them. */
export interface ClaimStandings {
  readonly overturned: ReadonlySet<Hex>;
  /** Inbox index of the first `Claimed` whose claim is still open (P6.8); undefined if none is. */
  firstOpen(): bigint | undefined;
  /** See `SoftClaims.withoutEffect`. */
  withoutSoftEffect(now: bigint): ReadonlySet<Hex>;
  /** The next message about a claim, with the time of its L1 block in seconds. */
  add(message: L1Message, at: bigint): void;
}

export function claimStandings(clocks: SoftClocks): ClaimStandings {
  const overturned = new Set<Hex>();
  const soft = softClaims(clocks);
  // Claims enter in inbox order, so the map's first entry is the oldest open one.
  const open = new Map<Hex, bigint>();
  return {
    overturned,
    firstOpen: () => open.values().next().value,
    withoutSoftEffect: soft.withoutEffect,
    add({ index, kind, body }, at) {
      const message = decodeMessage(kind, body);
      if (message.kind === 3) {
        open.set(message.claimHash, index);
        soft.claimed(message, at);
      }
      if (message.kind === 4) {
        overturned.add(message.claimHash);
        soft.overturned(message.claimHash, at);
      }
      if (message.kind === 5) soft.final(message.claimHash, at);
      if (message.kind === 4 || message.kind === 5) open.delete(message.claimHash);
    },
  };
}
