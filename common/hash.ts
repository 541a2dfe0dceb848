import { encodeAbiParameters, type Hex, keccak256, toBytes } from "viem";

/** `TYPE(X) = keccak256("ANH.X.v1")`, the domain of every struct hash (P0.1). */
export const typeHash = (name: string): Hex => keccak256(toBytes(`ANH.${name}.v1`));

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
): Hex => keccak256(structBytes(name, types, values));
