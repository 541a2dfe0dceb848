import type { Address } from "viem";
import type { Authorization } from "../../common/authorization.ts";

/** A delegation that inclusion makes certain: the authority's nonce is consumed, and execution sets its code (P2.9). */
export interface Delegation {
  readonly authority: Address;
  /** Zero takes the delegation back. */
  readonly delegate: Address;
  /** The nonce it consumes. */
  readonly nonce: bigint;
}

/** EIP-7702: from 2⁶⁴ − 1 on there is no next nonce. */
const LAST_NONCE = 2n ** 64n - 2n;

/** Who signed, where the signature and what it says can hold on this chain at all: EIP-7702's steps 1 to 3. */
export const authorityFor = ({ chainId, nonce, authority }: Authorization, ownChainId: bigint): Address | undefined =>
  (chainId === 0n || chainId === ownChainId) && nonce <= LAST_NONCE ? authority : undefined;

/**
 * The authorizations that are valid one after the other, by ledger nonces alone (P2.9). What an authority's code is decides
 * nothing here: it would take execution to know.
 */
export function delegationsOf(
  authorizations: readonly Authorization[],
  ownChainId: bigint,
  nonceOf: (account: Address) => bigint,
): Delegation[] {
  const delegations: Delegation[] = [];
  const consumed = new Map<Address, bigint>();
  for (const authorization of authorizations) {
    const authority = authorityFor(authorization, ownChainId);
    if (authority === undefined) continue;
    const { nonce, address: delegate } = authorization;
    if (nonce !== (consumed.get(authority) ?? nonceOf(authority))) continue;
    consumed.set(authority, nonce + 1n);
    delegations.push({ authority, delegate, nonce });
  }
  return delegations;
}
