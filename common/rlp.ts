import { naturalBytes } from "./bytes.ts";
import { AnhError } from "./errors.ts";

/** Bytes that are not one canonical RLP item. */
export class RlpError extends AnhError {}

export type RlpItem = Uint8Array | readonly RlpItem[];
export type RlpInput = Uint8Array | bigint | readonly RlpInput[];

// Deepest legal thing here is an access list: list of lists of lists of keys.
const MAX_DEPTH = 8;

// Written from the end to the beginning: when a list's prefix is due, its length is known. Nothing yields in between, so that
// all encodings share the room they are written in.
const ROOM_BYTES = 64 * 1024;
let room = new Uint8Array(ROOM_BYTES);
let start = room.length;

/** RLP of bytes, natural numbers (shortest big-endian) and lists of them. */
export function encodeRlp(input: RlpInput): Uint8Array {
  start = room.length;
  write(input);
  const encoded = room.slice(start);
  if (room.length > 16 * ROOM_BYTES) room = new Uint8Array(ROOM_BYTES);
  return encoded;
}

function write(input: RlpInput): void {
  if (typeof input === "bigint") writeNatural(input);
  else if (input instanceof Uint8Array) writeBytes(input);
  else writeList(input as readonly RlpInput[]);
}

function writeList(items: readonly RlpInput[]): void {
  const written = room.length - start;
  for (let i = items.length - 1; i >= 0; i--) write(items[i] as RlpInput);
  writePrefix(room.length - start - written, 0xc0);
}

function writeNatural(value: bigint): void {
  if (value >= 2n ** 48n) {
    writeBytes(naturalBytes(value));
    return;
  }
  makeRoom(7);
  const end = start;
  let rest = Number(value);
  for (; rest > 0; rest = Math.floor(rest / 256)) room[--start] = rest % 256;
  const length = end - start;
  if (length !== 1 || (room[start] as number) >= 0x80) room[--start] = 0x80 + length;
}

function writeBytes(bytes: Uint8Array): void {
  makeRoom(bytes.length);
  start -= bytes.length;
  // Of a few bytes it costs less than the call of `set`.
  if (bytes.length < 33) for (let i = 0; i < bytes.length; i++) room[start + i] = bytes[i] as number;
  else room.set(bytes, start);
  if (bytes.length !== 1 || (bytes[0] as number) >= 0x80) writePrefix(bytes.length, 0x80);
}

function writePrefix(length: number, offset: number): void {
  makeRoom(9);
  if (length < 56) {
    room[--start] = offset + length;
    return;
  }
  const end = start;
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) room[--start] = rest % 256;
  room[start - 1] = offset + 55 + (end - start);
  start--;
}

function makeRoom(bytes: number): void {
  if (bytes <= start) return;
  const written = room.length - start;
  const larger = new Uint8Array(2 * (written + bytes));
  larger.set(room.subarray(start), larger.length - written);
  start = larger.length - written;
  room = larger;
}

/** The one item that `bytes` are. Strict: shortest length forms only, no surplus; throws `RlpError`. */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  const [item, end] = readItem(bytes, 0, bytes.length, 0);
  if (end !== bytes.length)
    throw new RlpError("rlp-surplus", "bytes after the RLP item", { expected: end, actual: bytes.length });
  return item;
}

function readItem(bytes: Uint8Array, at: number, end: number, depth: number): [RlpItem, number] {
  if (at >= end) throw new RlpError("rlp-short", "the RLP item ends early");
  if (depth > MAX_DEPTH) throw new RlpError("rlp-deep", "RLP lists nested too deep", { expected: MAX_DEPTH });
  const first = bytes[at] as number;
  if (first < 0x80) return [bytes.subarray(at, at + 1), at + 1];
  const isList = first >= 0xc0;
  const [start, length] = readLength(bytes, at, end, first - (isList ? 0xc0 : 0x80));
  const stop = start + length;
  if (stop > end) throw new RlpError("rlp-short", "an RLP length runs past the end");
  if (!isList) {
    if (length === 1 && (bytes[start] as number) < 0x80)
      throw new RlpError("rlp-not-canonical", "a byte below 0x80 must stand for itself");
    return [bytes.subarray(start, stop), stop];
  }
  const items: RlpItem[] = [];
  for (let next = start; next < stop; ) {
    const [item, after] = readItem(bytes, next, stop, depth + 1);
    items.push(item);
    next = after;
  }
  return [items, stop];
}

function readLength(bytes: Uint8Array, at: number, end: number, code: number): [start: number, length: number] {
  if (code < 56) return [at + 1, code];
  const width = code - 55;
  if (at + 1 + width > end) throw new RlpError("rlp-short", "an RLP length ends early");
  let length = 0;
  for (let i = 1; i <= width; i++) length = length * 256 + (bytes[at + i] as number);
  if (bytes[at + 1] === 0 || length < 56)
    throw new RlpError("rlp-not-canonical", "an RLP length is not in its shortest form");
  return [at + 1 + width, length];
}
