import { createKeccak } from "hash-wasm";
import type { Hex } from "viem";
import { hexOf } from "./bytes.ts";

// One shared instance: every call runs init → update → digest without yielding, so calls cannot mix.
// hash-wasm does 1.0–1.5M short hashes per cpu-second, viem's keccak256 a tenth of it.
const hasher = await createKeccak(256);

/** keccak-256 as 32 bytes. */
export const keccak = (bytes: Uint8Array): Uint8Array => hasher.init().update(bytes).digest("binary");

/** keccak-256 as lower-case hex. */
export const keccakHex = (bytes: Uint8Array): Hex => hexOf(keccak(bytes));
