import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_CHAIN_ID } from "../../test/support/transactions.ts";
import { type Anvil, startAnvil } from "./anvil.ts";
import { openExecution } from "./bench-execution.ts";
import { type Figure, median, paired, round, secondsOf } from "./figures.ts";
import { addAll, type BenchNode, checkIncluded, fundedNode, sealAll } from "./sealed-chain.ts";
import { tokenAlloc, tokenTransfer } from "./token.ts";
import { type CallTo, type Signed, signedBy, transfer, walletsOf } from "./transactions.ts";

const ACCOUNTS = 2000;
const EACH = 5;
const ROUNDS = 5;

/** Blocks of transactions executed from a cold store, against anvil executing the same ones in one block. */
export async function execute(say: (text: string) => void): Promise<Record<string, Figure>> {
  const transfers = await measure("transfers", transfer, say);
  const tokens = await measure("ERC-20 transfers", tokenTransfer, say);
  const unit = "transactions/s";
  return {
    "execute-transfers-per-s": { value: round(median(transfers.map(({ value }) => value))), unit },
    "execute-erc20-per-s": { value: round(median(tokens.map(({ value }) => value))), unit },
    "execute-vs-anvil": paired(transfers, unit),
    "execute-erc20-vs-anvil": paired(tokens, unit),
  };
}

async function measure(name: string, call: CallTo, say: (text: string) => void) {
  const wallets = walletsOf(ACCOUNTS);
  const transactions = signedBy(TEST_CHAIN_ID, wallets, EACH, call);
  const alloc = call === tokenTransfer ? tokenAlloc(wallets) : {};
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const node = fundedNode(folder, wallets, { maxTransactions: transactions.length, alloc });
  const anvil = await startAnvil(TEST_CHAIN_ID, wallets, alloc, ["--no-mining"]);
  try {
    const before = join(folder, "before.sqlite");
    const first = await openExecution(node, before);
    await first.executeTo("latest");
    await first.close();
    await addAll(node, transactions);
    sealAll(node);
    checkIncluded(node, transactions.length);
    const perSecond: { value: number; reference: number }[] = [];
    for (let i = 0; i <= ROUNDS; i++) {
      const own = await executeAll(node, before, join(folder, "state.sqlite"));
      const reference = await mineAll(anvil, transactions);
      if (i === 0) continue; // warm-up
      perSecond.push({ value: transactions.length / own, reference: transactions.length / reference });
      say(`${name}, round ${i}: executed in ${own.toFixed(2)} s, by anvil in ${reference.toFixed(2)} s`);
    }
    return perSecond;
  } finally {
    await anvil.stop();
    node.store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A thread of its own that has seen nothing: neither the blocks nor the state are in its memory. */
async function executeAll(node: BenchNode, before: string, statePath: string): Promise<number> {
  await copyFile(before, statePath);
  const execution = await openExecution(node, statePath);
  const seconds = await secondsOf(() => execution.executeTo("latest"));
  const receipts = await execution.blockReceipts(node.chain.heads().latest);
  if (receipts.some(({ status }) => status !== "success")) throw new Error("a transaction failed");
  await execution.close();
  await Promise.all(["-wal", "-shm"].map((ending) => rm(statePath + ending, { force: true })));
  return seconds;
}

const mineAll = (anvil: Anvil, transactions: readonly Signed[]): Promise<number> =>
  anvil.undoing(async () => {
    await anvil.send(transactions);
    return secondsOf(() => anvil.mine(transactions.length));
  });
