import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import secp256k1 from "secp256k1";
import { toFunctionSelector } from "viem";
import { encodeBatch } from "../../common/batch.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import { postedOf } from "../../l2-node/chain/block.ts";
import { openRecovery, type Recover } from "../../l2-node/sequencer/recovery.ts";
import { TEST_CHAIN_ID } from "../../test/support/transactions.ts";
import { type Figure, median, paired, round, secondsOf } from "./figures.ts";
import { sealOverHttp } from "./seal-vs-anvil.ts";
import { addAll, type BenchNode, checkIncluded, fundedNode } from "./sealed-chain.ts";
import { tokenTransfer } from "./token.ts";
import { type CallTo, type Signed, signedBy, transfer, type Wallet, walletsOf } from "./transactions.ts";

const ACCOUNTS = 2000;
const EACH = 10;
/** As often each kind comes first. */
const ROUNDS = 9;
const HTTP_ROUNDS = 3;

/** A call of a contract that trains: as heavy as a call can be, and sealed unseen like any other. */
const training: CallTo = () => ({
  to: `0x${"71".repeat(20)}`,
  valueWei: 0n,
  data: bytesOfHex(toFunctionSelector("train()")),
  gasLimit: 80_000n,
});

/**
 * Transactions accepted, checked, sealed and stored by the node's own mempool, sequencer and store on disk, keys recovered in a
 * thread of its own, against recovering their public keys and nothing else: in one thread, and in two at once. Then the same
 * transfers over HTTP, beside anvil.
 */
export async function seal(say: (text: string) => void): Promise<Record<string, Figure>> {
  const wallets = walletsOf(ACCOUNTS);
  const kinds = { transfers: transfer, "ERC-20 calls": tokenTransfer, trainings: training };
  const signed = Object.entries(kinds).map(
    ([name, call]) => [name, signedBy(TEST_CHAIN_ID, wallets, EACH, call)] as const,
  );
  const [[, transfers]] = signed as [(typeof signed)[number]];
  const recoverBeside = openRecoverer();
  const recovery = openRecovery();
  const count = transfers.length;
  const [one, two]: { value: number; reference: number }[][] = [[], []];
  const perSecond: Record<string, number>[] = [];
  let bytes = 0;
  for (let i = 0; i <= ROUNDS; i++) {
    const alone = await secondsOf(async () => recoverAll(transfers));
    const halved = await secondsOf(async () => {
      const other = recoverBeside.half(transfers.slice(count / 2));
      recoverAll(transfers.slice(0, count / 2));
      await other;
    });
    const rates: Record<string, number> = {};
    // In another order each time: the first runs on what the disk has not written back of others.
    for (const [name, transactions] of [...signed.slice(i % signed.length), ...signed.slice(0, i % signed.length)]) {
      const sealed = await sealAll(wallets, transactions, recovery.recover);
      rates[name] = count / sealed.seconds;
      if (name === "transfers") bytes = sealed.bytes;
    }
    if (i === 0) continue; // warm-up
    const value = rates.transfers as number;
    one!.push({ value, reference: count / alone });
    two!.push({ value, reference: count / halved });
    perSecond.push(rates);
    const told = Object.entries(rates).map(([name, rate]) => `${rate.toFixed(0)} ${name}/s`);
    say(`round ${i}: sealed ${told.join(", ")}; keys in ${alone.toFixed(2)} s, by two threads ${halved.toFixed(2)} s`);
  }
  await Promise.all([recovery.close(), recoverBeside.close()]);
  const overHttp: { value: number; reference: number }[] = [];
  for (let i = 0; i < HTTP_ROUNDS; i++) {
    const { own, anvil } = await sealOverHttp(wallets, transfers);
    overHttp.push({ value: count / own, reference: count / anvil });
    say(`over HTTP, round ${i + 1}: sealed in ${own.toFixed(2)} s, mined by anvil in ${anvil.toFixed(2)} s`);
  }
  const rates = signed.map(([name]) => median(perSecond.map((of) => of[name] as number)));
  return {
    "seal-ratio": paired(one!, "transactions/s"),
    "seal-ratio-two-threads": paired(two!, "transactions/s"),
    "seal-vs-anvil": paired(overHttp, "transactions/s"),
    "seal-weight-spread": { value: round(100 * (Math.max(...rates) / Math.min(...rates) - 1)), unit: "%" },
    ...Object.fromEntries(
      signed.map(([name], i) => [
        `seal-${name.toLowerCase().replace(" ", "-")}-per-s`,
        { value: round(rates[i] as number), unit: "transactions/s" },
      ]),
    ),
    "l1-bytes-per-transfer": { value: round(bytes / count), unit: "bytes" },
  };
}

function recoverAll(transactions: readonly Signed[]): void {
  for (const { signature, yParity, digest } of transactions) secp256k1.ecdsaRecover(signature, yParity, digest, false);
}

/** A second thread that recovers, for what both cores can do together. */
function openRecoverer() {
  const worker = new Worker(new URL("./recover-worker.ts", import.meta.url));
  return {
    half: (transactions: readonly Signed[]) =>
      new Promise((resolve) => {
        worker.once("message", resolve);
        worker.postMessage(transactions.map(({ signature, yParity, digest }) => ({ signature, yParity, digest })));
      }),
    close: () => worker.terminate(),
  };
}

/** Seconds from the first envelope's arrival until the last is in a stored block, and what of them is posted to L1. */
async function sealAll(
  wallets: readonly Wallet[],
  transactions: readonly Signed[],
  recover: Recover,
): Promise<{ readonly seconds: number; readonly bytes: number }> {
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const node = fundedNode(folder, wallets, { maxTransactions: transactions.length, recover });
  try {
    const seconds = await secondsOf(() => sendAll(transactions, node));
    checkIncluded(node, transactions.length);
    return { seconds, bytes: postedBytes(node) };
  } finally {
    node.store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function sendAll(transactions: readonly Signed[], node: BenchNode): Promise<void> {
  const { mempool, sequencer } = node;
  let failure: unknown;
  sequencer.start((error) => {
    failure = error;
  });
  try {
    await addAll(node, transactions);
    while (mempool.size > 0) {
      if (failure !== undefined) throw failure;
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    sequencer.stop();
  }
}

/** What batches of all blocks hold, headers aside. */
function postedBytes({ store }: BenchNode): number {
  let bytes = 0;
  for (let number = store.blocks.head().header.number; number > 0n; number--)
    bytes += encodeBatch([postedOf(store.blocks.block(number)!).map(({ raw }) => raw)]).length;
  return bytes;
}
