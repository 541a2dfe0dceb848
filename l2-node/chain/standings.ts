import type { Hex } from "viem";
import { decodeMessage } from "../../common/message.ts";
import type { L1Message } from "../l1/step.ts";

/** What the messages read so far say about claims, whether or not a block has consumed them. */
export interface ClaimStandings {
  readonly overturned: ReadonlySet<Hex>;
  /** Inbox index of the first `Claimed` whose claim is still open (P6.8); undefined if none is. */
  firstOpen(): bigint | undefined;
  add(message: L1Message): void;
}

export function claimStandings(messages: Iterable<L1Message>): ClaimStandings {
  const overturned = new Set<Hex>();
  // Claims enter in inbox order, so the map's first entry is the oldest open one.
  const open = new Map<Hex, bigint>();
  const add = ({ index, kind, body }: L1Message): void => {
    const message = decodeMessage(kind, body);
    if (message.kind === 3) open.set(message.claimHash, index);
    if (message.kind === 4) overturned.add(message.claimHash);
    if (message.kind === 4 || message.kind === 5) open.delete(message.claimHash);
  };
  for (const message of messages) add(message);
  return { overturned, add, firstOpen: () => open.values().next().value };
}
