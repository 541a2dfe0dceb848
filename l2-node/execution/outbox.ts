import { type Address, type Hex, toEventSelector } from "viem";
import { OUTBOX_ADDRESS } from "../../common/addresses.ts";
import { hexOf } from "../../common/bytes.ts";
import { structHash, ZERO_HASH } from "../../common/hash.ts";
import { hashPair } from "../../common/merkle.ts";
import type { LogRecord, WithdrawalRecord } from "./execution.ts";
import { storageKey } from "./keys.ts";
import type { StateReader } from "./state.ts";

const DEPTH = 32;
export const WITHDRAWN_TOPIC = toEventSelector("Withdrawn(uint256,address,address,uint256,bytes32)");

/** Root of a tree of zeros of each height. */
const ZEROS: readonly Hex[] = Array.from({ length: DEPTH }).reduce<Hex[]>(
  (roots) => [...roots, hashPair(roots.at(-1)!, roots.at(-1)!)],
  [ZERO_HASH],
);

const slot = (index: number): Hex => `0x${index.toString(16).padStart(64, "0")}`;

/** Root of the withdrawals so far, from the predeploy's count (slot 0) and branch (slots 1 … 32) (P2.8). */
export function outboxRoot(state: StateReader): Hex {
  const word = (index: number): Hex => {
    const bytes = state.get(storageKey(OUTBOX_ADDRESS, slot(index)));
    return bytes === undefined ? ZERO_HASH : hexOf(bytes);
  };
  const count = BigInt(word(0));
  let node = ZERO_HASH;
  for (let height = 0; height < DEPTH; height++)
    node = (count >> BigInt(height)) & 1n ? hashPair(word(height + 1), node) : hashPair(node, ZEROS[height]!);
  return node;
}

/** Siblings of leaf `index` among `leaves`, zeros after them, from the leaf upwards (P2.8). */
export function outboxProof(leaves: readonly Hex[], index: number): Hex[] {
  let level = [...leaves];
  return Array.from({ length: DEPTH }, (_, height) => {
    const at = index >> height;
    const zero = ZEROS[height]!;
    const sibling = level[at ^ 1] ?? zero;
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) =>
      hashPair(level[2 * i]!, level[2 * i + 1] ?? zero),
    );
    return sibling;
  });
}

export const withdrawalLeaf = (withdrawal: WithdrawalRecord): Hex =>
  structHash(
    "Withdrawal",
    [{ type: "uint256" }, { type: "uint256" }, { type: "address" }, { type: "address" }, { type: "uint256" }],
    [withdrawal.l2ChainId, withdrawal.index, withdrawal.from, withdrawal.to, withdrawal.amountWei],
  );

/** A `Withdrawn` log of the OUTBOX. */
export function withdrawalOf(log: LogRecord, l2ChainId: bigint): WithdrawalRecord {
  const address = (topic: Hex): Address => `0x${topic.slice(26)}`;
  return {
    l2ChainId,
    index: BigInt(log.topics[1]!),
    from: address(log.topics[2]!),
    to: address(log.topics[3]!),
    amountWei: BigInt(log.data.slice(0, 66)),
  };
}
