import type { Address, Hex } from "viem";
import { creditLeaf } from "../../common/credit.ts";
import { treeProof, treeRoot } from "../../common/merkle.ts";
import type { CreditProof } from "./execution.ts";
import { systemKey } from "./keys.ts";
import type { ExecutionStore } from "./store.ts";
import { creditSlot, ITEM, readNatural } from "./system.ts";

/** Accounts with credit at block `number`, ascending, with their cumulative sums (P2.6). */
function creditsAt(store: ExecutionStore, number: bigint): { account: Address; cumulativeWei: bigint }[] {
  const prefix = systemKey(ITEM.credit);
  const reader = store.at(number);
  return store.keysAt(number, prefix).map((key) => {
    const account: Address = `0x${key.slice(prefix.length)}`;
    return { account, cumulativeWei: readNatural(reader, creditSlot(account)) };
  });
}

const leavesOf = (credits: readonly { account: Address; cumulativeWei: bigint }[]): Hex[] =>
  credits.map(({ account, cumulativeWei }) => creditLeaf(account, cumulativeWei));

export const creditsRoot = (store: ExecutionStore, number: bigint): Hex => treeRoot(leavesOf(creditsAt(store, number)));

/** What `redeem` needs; undefined for an account without credit. */
export function creditProof(store: ExecutionStore, number: bigint, account: Address): CreditProof | undefined {
  const credits = creditsAt(store, number);
  const index = credits.findIndex((credit) => credit.account === account);
  if (index < 0) return undefined;
  const leaves = leavesOf(credits);
  return {
    ...credits[index]!,
    index: BigInt(index),
    proof: treeProof(leaves, index),
    creditsRoot: treeRoot(leaves),
  };
}
