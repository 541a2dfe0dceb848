import type { Hex } from "viem";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import { keccak } from "../../common/keccak.ts";
import type { RunLog } from "./run.ts";

/** Ethereum's log bloom: of each address and topic three bits of 2,048. */
export function logsBloom(logs: readonly RunLog[]): Hex {
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
