import type { Hex, PublicClient } from "viem";
import type { SignedSeal } from "../../common/sealed-header.ts";
import type { BatchRecord } from "../store/store.ts";
import { postedBy } from "./posted.ts";

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
  const posted = postedBy(await client.getTransaction({ hash: batch.l1Transaction }), batch.batch);
  if (posted.kind === "fallback") return undefined;
  return {
    headers: posted.headers.slice(Number(number - batch.firstNumber)),
    batchFirstNumber: batch.firstNumber,
    batchDataRoot: posted.dataRoot,
    signature: posted.signature,
  };
}
