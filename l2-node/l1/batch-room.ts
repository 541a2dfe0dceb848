import { decodedBlockSize, encodeBatch, MAX_DECODED_BYTES } from "../../common/batch.ts";
import { encodeHeader } from "../../common/header.ts";
import { type Block, postedOf } from "../chain/block.ts";

export interface BatchLimits {
  /** Calldata per batch: Ethereum nodes relay transactions of at most 128 KiB. */
  readonly maxBatchBytes: number;
  /** Headers per batch: L1 reads each, and caps a transaction's gas (EIP-7825). */
  readonly maxBatchHeaders: number;
}

/** ABI padding and length of one header. */
const HEADER_OVERHEAD = 64;

/**
 * The first of these blocks that go into one batch, by posted bytes and by what they decode to: what lies beyond
 * `MAX_DECODED_BYTES` would be inbox-only (P3.5). The first is always among them; the sequencer seals none that is too large.
 */
export function batchOf(blocks: Iterable<Block>, { maxBatchBytes, maxBatchHeaders }: BatchLimits): Block[] {
  const batch: Block[] = [];
  let [bytes, decodedBytes] = [0, 0];
  for (const block of blocks) {
    const envelopes = postedOf(block).map(({ raw }) => raw);
    bytes += encodeHeader(block.header).length + HEADER_OVERHEAD + encodeBatch([envelopes]).length;
    decodedBytes += decodedBlockSize(envelopes);
    if (batch.length > 0 && (bytes > maxBatchBytes || decodedBytes > MAX_DECODED_BYTES)) break;
    if (batch.length === maxBatchHeaders) break;
    batch.push(block);
  }
  return batch;
}
