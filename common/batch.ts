import type { Hex } from "viem";
import { concatBytes } from "./bytes.ts";
import { AnhError } from "./errors.ts";
import { keccakHex } from "./keccak.ts";
import { treeRoot } from "./merkle.ts";
import { compressedLength, compressZeros, expandZeros } from "./zero-runs.ts";

/** Transactions that do not fit the codec's fields; the sequencer's limits keep it from ever seeing one. */
export class BatchError extends AnhError {}

export const BATCH_VERSION = 1;
/** What a batch may expand to (P3.5): bounds the memory a posted run of zeros can ask for. */
export const MAX_DECODED_BYTES = 8 * 1024 * 1024;

const PIECE_BYTES = 4096;

/** Raw envelopes of one block, in order. */
export type Envelopes = readonly Uint8Array[];

/** Most that an envelope adds to posted data: its length field, of which each byte may be a coded zero, and itself. */
export const postedSize = (raw: Uint8Array): number => 6 + compressedLength(raw);

/** What an envelope counts for against `MAX_DECODED_BYTES`: its length field and itself. */
export const decodedSize = (raw: Uint8Array): number => 3 + raw.length;

/** The same for a block: its count field and its envelopes. */
export const decodedBlockSize = (envelopes: Envelopes): number =>
  envelopes.reduce((sum, raw) => sum + decodedSize(raw), 2);

/** Posted data of consecutive blocks (P3.5). */
export function encodeBatch(blocks: readonly Envelopes[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const block of blocks) {
    if (block.length > 0xffff) throw new BatchError("batch-count", "too many transactions", { actual: block.length });
    parts.push(Uint8Array.of(block.length >> 8, block.length & 0xff));
    for (const raw of block) {
      if (raw.length > 0xffffff) throw new BatchError("batch-length", "envelope too long", { actual: raw.length });
      parts.push(Uint8Array.of(raw.length >> 16, (raw.length >> 8) & 0xff, raw.length & 0xff), raw);
    }
  }
  return concatBytes(Uint8Array.of(BATCH_VERSION), compressZeros(concatBytes(...parts)));
}

/** What L1 stores of posted data, and the sequencer signs: the tree over keccak of 4,096-byte pieces (P3.4). */
export const batchDataRoot = (data: Uint8Array): Hex =>
  treeRoot(
    Array.from({ length: Math.ceil(data.length / PIECE_BYTES) }, (_, i) =>
      keccakHex(data.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES)),
    ),
  );

/**
 * Total: any bytes give, per block, its envelopes or null where the block is inbox-only (P3.5). Once a block cannot be
 * read no later one can, since nothing says where it would begin.
 */
export function decodeBatch(data: Uint8Array, blocks: number): (Envelopes | null)[] {
  const bytes = data[0] === BATCH_VERSION ? expandZeros(data.subarray(1), MAX_DECODED_BYTES) : new Uint8Array(0);
  const decoded: (Envelopes | null)[] = [];
  let at = 0;
  for (let block = 0; block < blocks; block++) {
    const read = at < 0 ? null : readBlock(bytes, at);
    decoded.push(read?.envelopes ?? null);
    at = read ? read.end : -1;
  }
  return decoded;
}

function readBlock(bytes: Uint8Array, start: number): { envelopes: Envelopes; end: number } | null {
  if (start + 2 > bytes.length) return null;
  const count = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
  const envelopes: Uint8Array[] = [];
  let at = start + 2;
  for (let i = 0; i < count; i++) {
    if (at + 3 > bytes.length) return null;
    const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    if (at + 3 + length > bytes.length) return null;
    envelopes.push(bytes.slice(at + 3, at + 3 + length));
    at += 3 + length;
  }
  return { envelopes, end: at };
}
