import type { Address, Hex } from "viem";

/**
 * Keys of the keyed state: hex strings of `domain (1 byte) ‖ fields`, as docs/protocol.md P11.1 lists them. Hex and not
 * bytes, because the maps and the store look them up by value.
 */
export type StateKey = string;

export const DOMAIN = { account: "00", storage: "01", system: "02", code: "03" } as const;

const bare = (hex: string): string => hex.slice(2).toLowerCase();

export const accountKey = (address: Address): StateKey => DOMAIN.account + bare(address);
export const storageKey = (address: Address, slot: Hex): StateKey =>
  DOMAIN.storage + bare(address) + bare(slot).padStart(64, "0");
export const codeKey = (codeHash: Hex): StateKey => DOMAIN.code + bare(codeHash);
/** `fields` are fixed-width hex values without padding between them. */
export const systemKey = (item: number, ...fields: readonly Hex[]): StateKey =>
  DOMAIN.system + item.toString(16).padStart(2, "0") + fields.map(bare).join("");

export const uint64Field = (value: bigint | number): Hex => `0x${value.toString(16).padStart(16, "0")}`;

/** Code is bound by the account's code hash, so it has no leaf of its own in the world tree (P11.2). */
export const hasLeaf = (key: StateKey): boolean => !key.startsWith(DOMAIN.code);
