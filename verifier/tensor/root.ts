import { hash } from "node:crypto";
import { bytesToHex, type Hex } from "viem";
import { packedTreeRoot } from "./hash-tree.ts";

export const CHUNK_BYTES = 1024;

/** sha256 of each chunk, one after the other; the last chunk is shorter, never empty (P0.5). */
export function chunkHashes(bytes: Uint8Array): Uint8Array {
  const count = Math.ceil(bytes.length / CHUNK_BYTES);
  const leaves = Buffer.alloc(32 * count);
  // A digest as a one-byte-per-character string takes half the time of one as a Buffer, whose memory lies outside the heap.
  for (let i = 0; i < count; i++)
    leaves.write(hash("sha256", bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES), "binary"), 32 * i, "latin1");
  return new Uint8Array(leaves.buffer, leaves.byteOffset, leaves.length);
}

/** Tensor root of a tensor's bytes (P0.5); zero for a tensor without elements. */
export const tensorRoot = (bytes: Uint8Array): Hex => bytesToHex(packedTreeRoot(chunkHashes(bytes)));
