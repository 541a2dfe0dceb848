import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import secp256k1 from "secp256k1";
import { MemoryL1 } from "../../test/support/memory-l1.ts";
import { follow, testNode } from "../../test/support/node.ts";
import { TEST_CHAIN_ID } from "../../test/support/transactions.ts";
import { type Figure, paired, secondsOf } from "./figures.ts";
import { type Signed, signedBy, transfer, type Wallet, walletsOf } from "./transactions.ts";

const ACCOUNTS = 2000;
const EACH = 10;
const ROUNDS = 7;
/** Requests a server works on at once. */
const IN_FLIGHT = 500;

/**
 * Transactions accepted, checked, sealed and stored by the node's own mempool, sequencer and store on disk, against
 * recovering their public keys and nothing else. One thread both times.
 */
export async function seal(say: (text: string) => void): Promise<Record<string, Figure>> {
  const wallets = walletsOf(ACCOUNTS);
  const transfers = signedBy(TEST_CHAIN_ID, wallets, EACH, transfer);
  const perSecond: { value: number; reference: number }[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const recovery = await secondsOf(async () => recoverAll(transfers));
    const sealing = await sealAll(wallets, transfers);
    if (round === 0) continue; // warm-up
    perSecond.push({ value: transfers.length / sealing, reference: transfers.length / recovery });
    say(`round ${round}: sealed in ${sealing.toFixed(2)} s, keys recovered in ${recovery.toFixed(2)} s`);
  }
  return { "seal-ratio": paired(perSecond, "transactions/s") };
}

function recoverAll(transfers: readonly Signed[]): void {
  for (const { signature, yParity, digest } of transfers) secp256k1.ecdsaRecover(signature, yParity, digest, false);
}

/** Seconds from the first envelope's arrival until the last is in a stored block. */
async function sealAll(wallets: readonly Wallet[], transfers: readonly Signed[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const l1 = new MemoryL1();
  l1.mine(wallets.map(({ address }) => ({ kind: 1, account: address, amountWei: 10n ** 18n })));
  const { store, chain, mempool, sequencer } = testNode(l1.chainFile(), join(folder, "node.db"), {
    maxTransactions: transfers.length,
  });
  try {
    follow(chain, l1);
    sequencer.seal(); // takes the deposits in
    const seconds = await secondsOf(() => sendAll(transfers, { mempool, sequencer }));
    checkSealed(chain, transfers.length);
    return seconds;
  } finally {
    store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

type Node = Pick<ReturnType<typeof testNode>, "mempool" | "sequencer">;

async function sendAll(transfers: readonly Signed[], { mempool, sequencer }: Node): Promise<void> {
  let failure: unknown;
  sequencer.start((error) => {
    failure = error;
  });
  try {
    for (let from = 0; from < transfers.length; from += IN_FLIGHT)
      await Promise.all(transfers.slice(from, from + IN_FLIGHT).map(({ raw }) => mempool.add(raw)));
    while (mempool.size > 0) {
      if (failure !== undefined) throw failure;
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    sequencer.stop();
  }
}

function checkSealed({ store }: ReturnType<typeof testNode>["chain"], expected: number): void {
  let included = 0;
  for (let number = store.blocks.head().header.number; number > 0n; number--)
    included += store.blocks.block(number)!.transactions.filter(({ outcome }) => outcome.status === "included").length;
  if (included !== expected) throw new Error(`${included} of ${expected} transactions were sealed`);
}
