import { type Hex, hashTypedData } from "viem";
import { type AnchorDomain, typedDomain } from "./anchor-domain.ts";
import { bytesOfHex } from "./bytes.ts";

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
      domain: typedDomain(domain),
      types,
      primaryType: "AnchoredBatch",
      message: { l2ChainId: domain.l2ChainId, ...batch },
    }),
  );
