import { type Hex, hashTypedData } from "viem";
import { type AnchorDomain, typedDomain } from "./anchor-domain.ts";
import { bytesOfHex } from "./bytes.ts";

/** A header and the sequencer's word for it, before anything of it is on L1 (P3.9). */
export interface SignedSeal {
  /** Full RLP. */
  readonly header: Hex;
  readonly signature: Hex;
}

const types = {
  SealedHeader: [
    { name: "l2ChainId", type: "uint256" },
    { name: "hash", type: "bytes32" },
  ],
} as const;

/** EIP-712 digest the sequencer signs for each block it seals. Two for one number and parent cost its stake. */
export const sealedHeaderDigest = (domain: AnchorDomain, hash: Hex): Uint8Array =>
  bytesOfHex(
    hashTypedData({
      domain: typedDomain(domain),
      types,
      primaryType: "SealedHeader",
      message: { l2ChainId: domain.l2ChainId, hash },
    }),
  );
