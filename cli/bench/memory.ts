import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRecovery } from "../../l2-node/sequencer/recovery.ts";
import { TEST_CHAIN_ID } from "../../test/support/transactions.ts";
import type { Figure } from "./figures.ts";
import { round } from "./figures.ts";
import { addAll, checkIncluded, fundedNode, sealAll } from "./sealed-chain.ts";
import { sign, transfer, type Wallet, walletsOf } from "./transactions.ts";

const ACCOUNTS = 10_000;
const TRANSACTIONS = 1_000_000;
const PART = 20_000;

/** Resident memory of a sequencing node in which a million transfers were accepted, sealed and stored. */
export async function memory(say: (text: string) => void): Promise<Record<string, Figure>> {
  const wallets = walletsOf(ACCOUNTS);
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const { recover, close } = openRecovery();
  const node = fundedNode(folder, wallets, { maxTransactions: PART, recover });
  let most = 0;
  try {
    for (let from = 0; from < TRANSACTIONS; from += PART) {
      const signed = Array.from({ length: PART }, (_, i) => {
        const [nonce, at] = [Math.floor((from + i) / ACCOUNTS), (from + i) % ACCOUNTS];
        const next = wallets[(at + 1) % ACCOUNTS] as Wallet;
        return sign(TEST_CHAIN_ID, wallets[at] as Wallet, BigInt(nonce), transfer(next));
      });
      await addAll(node, signed);
      sealAll(node);
      most = Math.max(most, process.memoryUsage.rss());
      if ((from / PART) % 10 === 9) say(`${from + PART} stored, at most ${(most / 1e6).toFixed(0)} MB resident`);
    }
    checkIncluded(node, TRANSACTIONS);
    return { "resident-mb-1m-tx": { value: round(most / 1e6), unit: "MB" } };
  } finally {
    await close();
    node.store.close();
    await rm(folder, { recursive: true, force: true });
  }
}
