import { encodeAbiParameters, type Hex, toBytes } from "viem";
import { bytesOfHex } from "./bytes.ts";
import { keccakHex } from "./keccak.ts";

const known = new Map<string, Hex>();

/** `TYPE(X) = keccak256("ANH.X.v1")`, the domain of every struct hash (P0.1). */
export function typeHash(name: string): Hex {
  const hash = known.get(name) ?? keccakHex(toBytes(`ANH.${name}.v1`));
  known.set(name, hash);
  return hash;
}

export const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

/** What a struct hash is the hash of: `abi.encode(TYPE(name), …values)` (P0.1). */
export const structBytes = (
  name: string,
  types: readonly { readonly type: string }[],
  values: readonly unknown[],
): Hex => encodeAbiParameters([{ type: "bytes32" }, ...types] as { type: string }[], [typeHash(name), ...values]);

/** `keccak(abi.encode(TYPE(name), …values))` (P0.1). */
export const structHash = (
  name: string,
  types: readonly { readonly type: string }[],
  values: readonly unknown[],
): Hex => keccakHex(bytesOfHex(structBytes(name, types, values)));
