import { crc32 } from "node:zlib";
import { AnhError } from "../../common/errors.ts";

/** A row on disk is not what was written. */
export class CorruptStoreError extends AnhError {}

const BYTES = 4;

/** The bytes with their CRC-32 behind them: SQLite itself would hand out a flipped bit as data. */
export function withChecksum(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(bytes.length + BYTES);
  out.set(bytes);
  out.writeUInt32BE(crc32(bytes), bytes.length);
  return out;
}

/** Inverse of `withChecksum`; throws `CorruptStoreError` naming `what`. */
export function checked(stored: Buffer, what: string): Uint8Array {
  const bytes = stored.subarray(0, -BYTES);
  const intact = stored.length >= BYTES && stored.readUInt32BE(bytes.length) === crc32(bytes);
  if (!intact)
    throw new CorruptStoreError("corrupt-store", `${what} was changed on disk`, {
      hint: "check the disk; remove the data folder and start again: everything anchored comes back from L1",
    });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
