import secp256k1 from "secp256k1";
import type { Hex } from "viem";
import { bytesOfHex } from "./bytes.ts";

/** Whether a text is a key of secp256k1: 0x and 64 hex digits, neither zero nor the curve's order or more. */
export const isPrivateKey = (text: unknown): text is Hex =>
  typeof text === "string" && /^0x[0-9a-fA-F]{64}$/.test(text) && secp256k1.privateKeyVerify(bytesOfHex(text as Hex));
