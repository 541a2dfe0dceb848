import { join } from "node:path";
import type { GenesisAlloc } from "../../common/chain-file.ts";
import type { Recover } from "../../l2-node/sequencer/recovery.ts";
import { MemoryL1 } from "../../test/support/memory-l1.ts";
import { follow, testNode } from "../../test/support/node.ts";
import type { Signed, Wallet } from "./transactions.ts";

export type BenchNode = ReturnType<typeof testNode> & { readonly l1: MemoryL1; readonly path: string };

/** A node whose wallets have prepaid gas, one ether each, and a balance. */
export function fundedNode(
  folder: string,
  wallets: readonly Wallet[],
  options: { readonly maxTransactions: number; readonly alloc?: GenesisAlloc; readonly recover?: Recover },
): BenchNode {
  const { maxTransactions, alloc = {}, recover } = options;
  const l1 = new MemoryL1();
  l1.mine(wallets.map(({ address }) => ({ kind: 1, account: address, amountWei: 10n ** 18n })));
  l1.mine(wallets.map(({ address }) => ({ kind: 2, from: address, to: address, amountWei: 10n ** 18n })));
  const base = l1.chainFile();
  const path = join(folder, "chain.sqlite");
  const node = testNode({ ...base, genesis: { ...base.genesis, alloc } }, path, { maxTransactions }, recover);
  follow(node.chain, l1);
  node.sequencer.seal(); // takes the deposits in
  return { ...node, l1, path };
}

/** Requests a server works on at once. */
const IN_FLIGHT = 500;

/** Hands the envelopes in as so many clients would, each its next one when the last was answered. */
export async function addAll({ mempool }: Pick<BenchNode, "mempool">, transactions: readonly Signed[]): Promise<void> {
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < transactions.length) await mempool.add(transactions[next++]!.raw);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
}

/** Seals all that waits. */
export function sealAll({ mempool, sequencer }: Pick<BenchNode, "mempool" | "sequencer">): void {
  while (mempool.size > 0) sequencer.seal();
}

export function checkIncluded({ store }: Pick<BenchNode, "store">, expected: number): void {
  let included = 0;
  for (let number = store.blocks.head().header.number; number > 0n; number--)
    included += store.blocks.block(number)!.transactions.filter(({ outcome }) => outcome.status === "included").length;
  if (included !== expected) throw new Error(`${included} of ${expected} transactions are in blocks`);
}
