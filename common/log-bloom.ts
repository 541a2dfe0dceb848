import type { Hex } from "viem";
import { bytesOfHex, hexOf } from "./bytes.ts";
import { keccak } from "./keccak.ts";
import type { LoggedEntry } from "./receipt.ts";

/** Ethereum's log bloom: of each address and topic three bits of 2,048. */
export function logsBloom(logs: readonly LoggedEntry[]): Hex {
  const bloom = new Uint8Array(256);
  for (const entry of logs.flatMap((log) => [log.address, ...log.topics])) {
    const hash = keccak(bytesOfHex(entry));
    for (const at of [0, 2, 4]) {
      const bit = ((hash[at]! << 8) | hash[at + 1]!) & 2047;
      bloom[255 - (bit >> 3)]! |= 1 << (bit & 7);
    }
  }
  return hexOf(bloom);
}
