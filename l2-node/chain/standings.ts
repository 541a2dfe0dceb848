import type { Hex } from "viem";
import { AnhError } from "../../common/errors.ts";
import { decodeMessage } from "../../common/message.ts";
import type { L1Message } from "../l1/step.ts";
import type { L1View } from "./l1-view.ts";
import { type SoftClocks, softClaims } from "./soft-claims.ts";

/** What the messages read so far say about claims, whether or not a block has consumed them. */
export interface ClaimStandings {
  readonly overturned: ReadonlySet<Hex>;
  /** Inbox index of the first `Claimed` whose claim is still open (P6.8); undefined if none is. */
  firstOpen(): bigint | undefined;
  openCount(): number;
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
    openCount: () => open.size,
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

/** The data folder lacks what this version needs of L1. */
export class IncompleteStoreError extends AnhError {}

/** Adds messages about claims, in inbox order, each with the time of its L1 block. */
export function addStandings(
  standings: ClaimStandings,
  l1: Pick<L1View, "originAt">,
  messages: Iterable<L1Message>,
): void {
  for (const message of messages) {
    const header = l1.originAt(message.l1Block);
    if (header === undefined)
      throw new IncompleteStoreError(
        "incomplete-store",
        `no header of L1 block ${message.l1Block}, which holds a claim`,
        { hint: "an older version wrote this data folder: remove it, and L1 is read again" },
      );
    standings.add(message, header.timestamp);
  }
}
