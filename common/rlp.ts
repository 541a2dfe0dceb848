import { naturalBytes } from "./bytes.ts";
import { AnhError } from "./errors.ts";

/** Bytes that are not one canonical RLP item. */
export class RlpError extends AnhError {}

export type RlpItem = Uint8Array | readonly RlpItem[];
export type RlpInput = Uint8Array | bigint | readonly RlpInput[];

// Deepest legal thing here is an access list: list of lists of lists of keys.
const MAX_DEPTH = 8;

function prefix(length: number, offset: number): Uint8Array {
  if (length < 56) return Uint8Array.of(offset + length);
  const size = naturalBytes(BigInt(length));
  return Uint8Array.from([offset + 55 + size.length, ...size]);
}

/** RLP of bytes, natural numbers (shortest big-endian) and lists of them. */
export function encodeRlp(input: RlpInput): Uint8Array {
  if (typeof input === "bigint") return encodeRlp(naturalBytes(input));
  if (input instanceof Uint8Array) {
    if (input.length === 1 && (input[0] as number) < 0x80) return input;
    return join([prefix(input.length, 0x80), input]);
  }
  const items = (input as readonly RlpInput[]).map(encodeRlp);
  return join([
    prefix(
      items.reduce((sum, item) => sum + item.length, 0),
      0xc0,
    ),
    ...items,
  ]);
}

const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const joined = Buffer.concat(parts);
  return new Uint8Array(joined.buffer, joined.byteOffset, joined.byteLength);
};

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
