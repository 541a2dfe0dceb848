import { crc32 } from "node:zlib";
import type { Address, Hex } from "viem";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import { CorruptStoreError } from "./checksum.ts";

// A segment of the pool's journal is a file of frames, each written once the one before it is on disk:
// [salt, 8 bytes] [length, CRC-32 of the payload, 4 bytes each] [payload]. A payload is records one after the other:
// 01 ‖ sender (20) ‖ length (4) ‖ envelope, a transaction that waits; or 02 ‖ hash (32), one that does no longer.

/** A transaction that waits, or the hash of one that was dropped. */
export type PoolRecord = { readonly sender: Address; readonly raw: Uint8Array } | { readonly dropped: Hex };

const [PUT, DROP] = [1, 2];
const HEAD_BYTES = 16;

function encodeRecord(record: PoolRecord): Uint8Array[] {
  if ("dropped" in record) return [Uint8Array.of(DROP), bytesOfHex(record.dropped)];
  const length = Buffer.alloc(4);
  length.writeUInt32BE(record.raw.length);
  return [Uint8Array.of(PUT), bytesOfHex(record.sender), length, record.raw];
}

export function encodeFrame(salt: Uint8Array, records: readonly PoolRecord[]): Buffer {
  const frame = Buffer.concat([Buffer.alloc(HEAD_BYTES), ...records.flatMap(encodeRecord)]);
  frame.set(salt);
  frame.writeUInt32BE(frame.length - HEAD_BYTES, 8);
  frame.writeUInt32BE(crc32(frame.subarray(HEAD_BYTES)), 12);
  return frame;
}

function decodeRecords(payload: Buffer): PoolRecord[] {
  const records: PoolRecord[] = [];
  for (let at = 0; at < payload.length; ) {
    if (payload[at] === DROP) {
      records.push({ dropped: hexOf(payload.subarray(at + 1, at + 33)) });
      at += 33;
      continue;
    }
    const end = at + 25 + payload.readUInt32BE(at + 21);
    records.push({
      sender: hexOf(payload.subarray(at + 1, at + 21)),
      raw: new Uint8Array(payload.subarray(at + 25, end)),
    });
    at = end;
  }
  return records;
}

/** The payload of the whole frame at a place, if there is one. */
function payloadAt(bytes: Buffer, at: number, salt: Uint8Array): Buffer | undefined {
  if (bytes.length < at + HEAD_BYTES || !bytes.subarray(at, at + 8).equals(salt)) return undefined;
  const payload = bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + bytes.readUInt32BE(at + 8));
  const isWhole = payload.length === bytes.readUInt32BE(at + 8) && crc32(payload) === bytes.readUInt32BE(at + 12);
  return isWhole ? payload : undefined;
}

/**
 * All that a segment says. What is torn at its end was never answered for: that frame was being written when the machine
 * stopped. With a whole frame behind it, it was on disk before, and was changed there: `CorruptStoreError`. Nobody can
 * put such a frame into an envelope, since the salt is not known outside.
 */
export function decodeSegment(bytes: Buffer, salt: Uint8Array, name: string): PoolRecord[] {
  const records: PoolRecord[] = [];
  let at = 0;
  for (let payload = payloadAt(bytes, at, salt); payload; payload = payloadAt(bytes, at, salt)) {
    records.push(...decodeRecords(payload));
    at += HEAD_BYTES + payload.length;
  }
  for (let later = bytes.indexOf(salt, at + 1); later >= 0; later = bytes.indexOf(salt, later + 1))
    if (payloadAt(bytes, later, salt))
      throw new CorruptStoreError("corrupt-store", `waiting transactions in ${name} were changed on disk`, {
        hint: "check the disk; remove the file and start again: their senders have to send those that no block has once more",
      });
  return records;
}
