import type { Address } from "viem";
import { bytesOfHex, concatBytes, hexOf } from "./bytes.ts";
import { keccak } from "./keccak.ts";
import { encodeRlp, type RlpItem } from "./rlp.ts";
import { recoverAddress, SignatureError } from "./signature.ts";
import { bytesAt, natural, TransactionError } from "./transaction-fields.ts";

/** EIP-7702: an account's word that its code shall be `address`'s. */
export interface Authorization {
  /** 0 holds on every chain. */
  readonly chainId: bigint;
  /** Zero takes a delegation back. */
  readonly address: Address;
  readonly nonce: bigint;
  readonly yParity: number;
  readonly r: bigint;
  readonly s: bigint;
  /** Who signed it; undefined where the signature is nobody's. */
  readonly authority: Address | undefined;
}

const MAGIC = Uint8Array.of(5);

/** The authorizations of a type-4 envelope: at least one. Their signatures may be nobody's, their form must be canonical. */
export function authorizationsOf(item: RlpItem): Authorization[] {
  if (item instanceof Uint8Array || item.length === 0)
    throw new TransactionError("authorization-list", "a set-code transaction needs a list of authorizations");
  return item.map((entry) => {
    if (entry instanceof Uint8Array || entry.length !== 6)
      throw new TransactionError("authorization-list", "authorizations are lists of six fields");
    const [address] = bytesAt(entry, 1, 2) as [Uint8Array];
    if (address.length !== 20)
      throw new TransactionError("authorization-list", "an authorization's address is 20 bytes", {
        actual: address.length,
      });
    return withAuthority({
      chainId: natural(entry, 0, "authorization.chainId", 32),
      address: hexOf(address),
      nonce: natural(entry, 2, "authorization.nonce", 8),
      yParity: Number(natural(entry, 3, "authorization.yParity", 1)),
      r: natural(entry, 4, "authorization.r", 32),
      s: natural(entry, 5, "authorization.s", 32),
    });
  });
}

/** Adds who signed it. */
export const withAuthority = (authorization: Omit<Authorization, "authority">): Authorization => ({
  ...authorization,
  authority: authorityOf(authorization),
});

function authorityOf({ chainId, address, nonce, yParity, r, s }: Omit<Authorization, "authority">) {
  if (yParity > 1) return undefined;
  try {
    const digest = keccak(concatBytes(MAGIC, encodeRlp([chainId, bytesOfHex(address), nonce])));
    return recoverAddress(digest, r, s, yParity);
  } catch (error) {
    if (error instanceof SignatureError) return undefined;
    throw error;
  }
}
