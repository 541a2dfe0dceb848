import { type Hex, sha256 } from "viem";
import { bytesOfHex, concatBytes } from "./bytes.ts";
import { AnhError } from "./errors.ts";

/** More data than the blobs of one transaction hold. */
export class BlobError extends AnhError {}

/** EIP-4844: a blob is 4,096 field elements of 32 bytes, each below a modulus of 255 bits. */
export const BLOB_BYTES = 131_072;
const ELEMENT_BYTES = 32;
/** So that any bytes fit, an element's first byte is zero and the others are data. */
const ELEMENT_DATA_BYTES = 31;
const BLOB_DATA_BYTES = (BLOB_BYTES / ELEMENT_BYTES) * ELEMENT_DATA_BYTES;
const LENGTH_BYTES = 4;

/** Blobs of one transaction (EIP-7594). */
export const MAX_BLOBS = 6;
export const MAX_BLOB_DATA_BYTES = MAX_BLOBS * BLOB_DATA_BYTES - LENGTH_BYTES;

/** Blobs that `data` need: one at least, since no transaction carries none. */
export const blobCount = (dataBytes: number): number => Math.ceil((LENGTH_BYTES + dataBytes) / BLOB_DATA_BYTES);

/** `uint32 length ‖ data`, 31 bytes to an element, zero to the end of the last blob (P3.5). */
export function toBlobs(data: Uint8Array): Uint8Array[] {
  if (data.length > MAX_BLOB_DATA_BYTES)
    throw new BlobError("blob-room", "the data do not fit into the blobs of one transaction", {
      expected: MAX_BLOB_DATA_BYTES,
      actual: data.length,
    });
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, data.length);
  const stream = concatBytes(length, data);
  return Array.from({ length: blobCount(data.length) }, (_, i) => {
    const blob = new Uint8Array(BLOB_BYTES);
    const part = stream.subarray(i * BLOB_DATA_BYTES, (i + 1) * BLOB_DATA_BYTES);
    for (let from = 0, at = 1; from < part.length; from += ELEMENT_DATA_BYTES, at += ELEMENT_BYTES)
      blob.set(part.subarray(from, from + ELEMENT_DATA_BYTES), at);
    return blob;
  });
}

/** Total: elements' first bytes are ignored, and a length beyond the blobs gives no data, which is unreadable (P3.5). */
export function fromBlobs(blobs: readonly Uint8Array[]): Uint8Array {
  const stream = new Uint8Array(blobs.length * BLOB_DATA_BYTES);
  let at = 0;
  for (const blob of blobs)
    for (let from = 1; from < blob.length; from += ELEMENT_BYTES, at += ELEMENT_DATA_BYTES)
      stream.set(blob.subarray(from, from + ELEMENT_DATA_BYTES), at);
  if (stream.length < LENGTH_BYTES) return new Uint8Array(0);
  const end = LENGTH_BYTES + new DataView(stream.buffer).getUint32(0);
  return end > stream.length ? new Uint8Array(0) : stream.slice(LENGTH_BYTES, end);
}

/** What L1 knows a blob by (EIP-4844): 0x01 and the SHA-256 of its KZG commitment but for that hash's first byte. */
export const versionedHashOf = (commitment: Uint8Array): Hex => `0x01${sha256(commitment).slice(4)}`;

/** What L1 stores of data in blobs, and the sequencer signs: no keccak tree of calldata can have such a root (P3.4). */
export const blobsDataRoot = (versionedHashes: readonly Hex[]): Hex =>
  sha256(concatBytes(...versionedHashes.map(bytesOfHex)));
