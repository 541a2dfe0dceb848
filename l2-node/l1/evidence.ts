import { decodeFunctionData, type Hex, type PublicClient } from "viem";
import { batchDataRoot } from "../../common/batch.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import type { SignedSeal } from "../../common/sealed-header.ts";
import type { BatchRecord } from "../store/store.ts";

/** What SequencerStake takes for a header that the sequencer answers for (P3.9). */
export interface SignedHeader {
  readonly headers: readonly Hex[];
  /** 0 where the header itself was signed. */
  readonly batchFirstNumber: bigint;
  readonly batchDataRoot: Hex;
  readonly signature: Hex;
}

const ZERO: Hex = `0x${"00".repeat(32)}`;

export const sealAsEvidence = ({ header, signature }: SignedSeal): SignedHeader => ({
  headers: [header],
  batchFirstNumber: 0n,
  batchDataRoot: ZERO,
  signature,
});

/** Block `number` as its batch's signature vouches for it; undefined for a fallback block, which nobody signed. */
export async function batchAsEvidence(
  client: PublicClient,
  batch: BatchRecord,
  number: bigint,
): Promise<SignedHeader | undefined> {
  const { input } = await client.getTransaction({ hash: batch.l1Transaction });
  const { functionName, args } = decodeFunctionData({ abi: headerAnchorAbi, data: input });
  if (functionName !== "anchor") return undefined;
  const [headers, signature, data] = args;
  return {
    headers: headers.slice(Number(number - batch.firstNumber)),
    batchFirstNumber: batch.firstNumber,
    batchDataRoot: batchDataRoot(bytesOfHex(data)),
    signature,
  };
}
