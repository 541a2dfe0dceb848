import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { follow, testNode } from "../../test/support/node.ts";
import { TEST_CHAIN_ID } from "../../test/support/transactions.ts";
import { openExecution } from "./bench-execution.ts";
import { type Figure, median, round, secondsOf } from "./figures.ts";
import { addAll, type BenchNode, checkIncluded, fundedNode, sealAll } from "./sealed-chain.ts";
import { signedBy, transfer, walletsOf } from "./transactions.ts";

const ACCOUNTS = 2000;
const EACH = 5;
const ROUNDS = 5;
const BLOCKS_PER_BATCH = 1;

/** A replica that reads batches of transfers from L1: derived and stored (keys recovered), and then executed, too. */
export async function sync(say: (text: string) => void): Promise<Record<string, Figure>> {
  const wallets = walletsOf(ACCOUNTS);
  const transactions = signedBy(TEST_CHAIN_ID, wallets, EACH, transfer);
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const sequencer = fundedNode(folder, wallets, { maxTransactions: transactions.length });
  try {
    await addAll(sequencer, transactions);
    sealAll(sequencer);
    anchorAll(sequencer);
    const [derived, executed]: [number[], number[]] = [[], []];
    for (let i = 0; i <= ROUNDS; i++) {
      const { derivingSeconds, executingSeconds } = await replicate(sequencer, transactions.length);
      if (i === 0) continue; // warm-up
      derived.push(transactions.length / derivingSeconds);
      executed.push(transactions.length / (derivingSeconds + executingSeconds));
      say(`round ${i}: derived in ${derivingSeconds.toFixed(2)} s, executed in ${executingSeconds.toFixed(2)} s`);
    }
    return {
      "sync-tx-per-s": { value: round(median(executed)), unit: "transactions/s" },
      "sync-derived-tx-per-s": { value: round(median(derived)), unit: "transactions/s" },
    };
  } finally {
    sequencer.store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a sequencer has sealed, on L1. */
function anchorAll({ l1, store }: BenchNode): void {
  const latest = store.blocks.head().header.number;
  for (let number = 1n; number <= latest; number += BigInt(BLOCKS_PER_BATCH)) {
    const blocks = [];
    for (let i = number; i <= latest && i < number + BigInt(BLOCKS_PER_BATCH); i++) blocks.push(store.blocks.block(i)!);
    l1.mine([], [{ blocks }]);
  }
}

async function replicate({ chain, l1 }: BenchNode, expected: number) {
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const path = join(folder, "chain.sqlite");
  const replica = { ...testNode(chain.file, path), l1, path };
  const execution = await openExecution(replica, join(folder, "state.sqlite"));
  try {
    const derivingSeconds = await secondsOf(async () => follow(replica.chain, l1));
    checkIncluded(replica, expected);
    const executingSeconds = await secondsOf(() => execution.executeTo("latest"));
    return { derivingSeconds, executingSeconds };
  } finally {
    await execution.close();
    replica.store.close();
    await rm(folder, { recursive: true, force: true });
  }
}
