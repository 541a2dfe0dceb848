import type { Address, Hex } from "viem";
import { hexOf, naturalOf } from "./bytes.ts";
import { AnhError } from "./errors.ts";
import { decodeRlp, type RlpItem } from "./rlp.ts";

/** An envelope that is no transaction of this chain, whatever the ledger says. */
export class TransactionError extends AnhError {}

export interface AccessEntry {
  readonly address: Address;
  readonly storageKeys: readonly Hex[];
}

/** The fields of an RLP list of exactly `count`. */
export function fieldsOf(bytes: Uint8Array, count: number): readonly RlpItem[] {
  const item = decodeRlp(bytes);
  if (item instanceof Uint8Array || item.length !== count)
    throw new TransactionError("fields", "wrong number of transaction fields", {
      expected: count,
      actual: item instanceof Uint8Array ? "a string" : item.length,
    });
  return item;
}

export function bytesAt(items: readonly RlpItem[], from: number, to: number): Uint8Array[] {
  return items.slice(from, to).map((item, i) => {
    if (item instanceof Uint8Array) return item;
    throw new TransactionError("field", `transaction field ${from + i} is a list`, { expected: "bytes" });
  });
}

export function natural(items: readonly RlpItem[], index: number, name: string, maxBytes: number): bigint {
  const [bytes] = bytesAt(items, index, index + 1) as [Uint8Array];
  if (bytes.length > maxBytes || bytes[0] === 0)
    throw new TransactionError("field", `${name} is not a shortest-form number of ≤ ${maxBytes} bytes`, {
      actual: hexOf(bytes.subarray(0, 40)),
    });
  return naturalOf(bytes);
}

export function accessListOf(item: RlpItem): AccessEntry[] {
  if (item instanceof Uint8Array) throw new TransactionError("access-list", "access list is not a list");
  return item.map((entry) => {
    const [address, keys] = entry instanceof Uint8Array ? [] : entry;
    if (!(address instanceof Uint8Array) || address.length !== 20 || !Array.isArray(keys) || entry.length !== 2)
      throw new TransactionError("access-list", "access list entries are [address, keys]");
    const storageKeys = keys.map((key: RlpItem) => {
      if (key instanceof Uint8Array && key.length === 32) return hexOf(key);
      throw new TransactionError("access-list", "access list keys are 32 bytes");
    });
    return { address: hexOf(address), storageKeys };
  });
}
