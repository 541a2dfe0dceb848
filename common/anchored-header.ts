import { type Address, type Hex, hashTypedData } from "viem";
import { bytesOfHex } from "./bytes.ts";

/** Which HeaderAnchor a sequencer signs for. */
export interface AnchorDomain {
  readonly l1ChainId: bigint;
  readonly headerAnchor: Address;
  readonly l2ChainId: bigint;
}

const types = {
  AnchoredHeader: [
    { name: "l2ChainId", type: "uint256" },
    { name: "number", type: "uint64" },
    { name: "headerHash", type: "bytes32" },
  ],
} as const;

/** EIP-712 digest the sequencer signs for each header; L1 checks the last one of a batch (P3.4). */
export const anchoredHeaderDigest = (domain: AnchorDomain, number: bigint, headerHash: Hex): Uint8Array =>
  bytesOfHex(
    hashTypedData({
      domain: { name: "ANH", version: "1", chainId: domain.l1ChainId, verifyingContract: domain.headerAnchor },
      types,
      primaryType: "AnchoredHeader",
      message: { l2ChainId: domain.l2ChainId, number, headerHash },
    }),
  );
