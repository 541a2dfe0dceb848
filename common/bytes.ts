import type { Hex } from "viem";
import { AnhError } from "./errors.ts";

/** Text that should be `0x` and an even number of hex digits, and is not. */
export class HexError extends AnhError {}

/** Lower-case hex of bytes. */
export const hexOf = (bytes: Uint8Array): Hex =>
  `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;

/** Bytes of `0x…`; throws `HexError` on anything else (Buffer.from alone would silently cut at the first bad digit). */
export function bytesOfHex(hex: string): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(hex))
    throw new HexError("bad-hex", "not a hex string of whole bytes", { expected: "0x…", actual: hex.slice(0, 80) });
  const buffer = Buffer.from(hex.slice(2), "hex");
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Shortest big-endian bytes of a natural number; zero is empty (RLP's form). */
export function naturalBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
}

/** Big-endian natural number; empty is zero. */
export const naturalOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : BigInt(hexOf(bytes)));

/** Big-endian, `width` bytes. */
export function fixedBytes(value: bigint, width: number): Uint8Array {
  const out = new Uint8Array(width);
  const bytes = naturalBytes(value);
  if (bytes.length > width)
    throw new HexError("too-wide", `${value} needs more than ${width} bytes`, {
      expected: width,
      actual: bytes.length,
    });
  out.set(bytes, width - bytes.length);
  return out;
}
