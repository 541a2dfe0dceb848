import secp256k1 from "secp256k1";
import type { Address, Hex } from "viem";
import { bytesOfHex, concatBytes, fixedBytes, hexOf, naturalOf } from "./bytes.ts";
import { AnhError } from "./errors.ts";
import { keccak } from "./keccak.ts";

/** A signature no key can have made, or a malleable one (high s). */
export class SignatureError extends AnhError {}

export const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

const addressBytes = (publicKey: Uint8Array): Uint8Array => keccak(publicKey.subarray(1)).subarray(12);
const addressOf = (publicKey: Uint8Array): Address => hexOf(addressBytes(publicKey));

/** Address whose key signed `digest`. Throws `SignatureError` where there is none; s must be low (EIP-2). */
export function recoverAddress(digest: Uint8Array, r: bigint, s: bigint, yParity: number): Address {
  if (s > HALF_ORDER) throw new SignatureError("high-s", "signature s value is in the upper half", { actual: s });
  try {
    return hexOf(recoverBytes(digest, concatBytes(fixedBytes(r, 32), fixedBytes(s, 32)), yParity));
  } catch (cause) {
    throw new SignatureError("bad-signature", "signature recovers to no key", { cause });
  }
}

/** The same from and to bytes, `r ‖ s` of any s. Throws what the library throws where there is no key. */
export const recoverBytes = (digest: Uint8Array, signature: Uint8Array, yParity: number): Uint8Array =>
  addressBytes(secp256k1.ecdsaRecover(signature, yParity, digest, false));

/** 65 bytes `r ‖ s ‖ v`, v 27 or 28, as Solidity's `ecrecover` takes them. */
export function signDigest(digest: Uint8Array, privateKey: Hex): Hex {
  const { signature, recid } = secp256k1.ecdsaSign(digest, bytesOfHex(privateKey));
  return hexOf(concatBytes(signature, Uint8Array.of(27 + recid)));
}

/** Address that signed `digest` with the 65-byte form. */
export function recoverSigner(digest: Uint8Array, signature: Hex): Address {
  const bytes = bytesOfHex(signature);
  const v = bytes[64];
  if (bytes.length !== 65 || (v !== 27 && v !== 28))
    throw new SignatureError("bad-signature", "expected 65 bytes ending in 27 or 28", { actual: signature });
  return recoverAddress(digest, naturalOf(bytes.subarray(0, 32)), naturalOf(bytes.subarray(32, 64)), v - 27);
}

export const addressOfKey = (privateKey: Hex): Address =>
  addressOf(secp256k1.publicKeyCreate(bytesOfHex(privateKey), false));
