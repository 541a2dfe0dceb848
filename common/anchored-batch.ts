import { type Address, type Hex, hashTypedData } from "viem";
import { bytesOfHex } from "./bytes.ts";

/** Which HeaderAnchor a sequencer signs for. */
export interface AnchorDomain {
  readonly l1ChainId: bigint;
  readonly headerAnchor: Address;
  readonly l2ChainId: bigint;
}

/** What of a batch the sequencer answers for: its headers through the last one's hash, and its posted bytes. */
export interface AnchoredBatch {
  readonly firstNumber: bigint;
  readonly lastNumber: bigint;
  readonly lastHash: Hex;
  /** Of the posted bytes; `batchDataRoot` of batch.ts. */
  readonly dataRoot: Hex;
}

const types = {
  AnchoredBatch: [
    { name: "l2ChainId", type: "uint256" },
    { name: "firstNumber", type: "uint64" },
    { name: "lastNumber", type: "uint64" },
    { name: "lastHash", type: "bytes32" },
    { name: "dataRoot", type: "bytes32" },
  ],
} as const;

/** EIP-712 digest the sequencer signs for each batch it posts (P3.4). */
export const anchoredBatchDigest = (domain: AnchorDomain, batch: AnchoredBatch): Uint8Array =>
  bytesOfHex(
    hashTypedData({
      domain: { name: "ANH", version: "1", chainId: domain.l1ChainId, verifyingContract: domain.headerAnchor },
      types,
      primaryType: "AnchoredBatch",
      message: { l2ChainId: domain.l2ChainId, ...batch },
    }),
  );
