import type { Hex } from "viem";
import { decodeMessage, type Message } from "../../common/message.ts";
import type { Chain } from "../chain/chain.ts";
import type { RpcContext } from "./method.ts";

type Claimed = Extract<Message, { kind: 3 }>;

/** A claim as this node has read it of L1's inbox. */
export interface ClaimView extends Omit<Claimed, "kind"> {
  readonly status: "open" | "final" | "overturned";
  readonly inboxIndex: bigint;
  readonly l1Block: bigint;
}

const known = new WeakMap<Chain, { readonly inboxHash: Hex; readonly claims: ReadonlyMap<Hex, ClaimView> }>();

/** All claims by hash, in the order of their messages; read again only when the inbox has grown, or forked. */
export function claimsOf({ chain }: RpcContext): ReadonlyMap<Hex, ClaimView> {
  const { l1 } = chain.store;
  const { hash: inboxHash } = l1.inbox();
  const kept = known.get(chain);
  if (kept?.inboxHash === inboxHash) return kept.claims;
  const claims = new Map<Hex, ClaimView>();
  for (const { index, kind, body, l1Block } of l1.claimMessages()) {
    const message = decodeMessage(kind, body);
    if (message.kind === 3) {
      const { kind: _, ...claim } = message;
      claims.set(claim.claimHash, { ...claim, status: "open", inboxIndex: index, l1Block });
    }
    const closed = message.kind === 4 || message.kind === 5 ? claims.get(message.claimHash) : undefined;
    if (closed) claims.set(closed.claimHash, { ...closed, status: message.kind === 4 ? "overturned" : "final" });
  }
  known.set(chain, { inboxHash, claims });
  return claims;
}
