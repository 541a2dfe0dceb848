import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { hexOf } from "../../common/bytes.ts";
import { TEST_CHAIN_ID } from "../../test/support/transactions.ts";
import { startAnvil } from "./anvil.ts";
import { secondsOf } from "./figures.ts";
import { type Clients, openClients } from "./http.ts";
import type { SealHostMessage, SealHostOptions } from "./seal-host.ts";
import type { Signed, Wallet } from "./transactions.ts";

const CLIENTS = 32;

/** Seconds until transactions that were sent over HTTP, one to a request, are all in blocks. */
export interface OverHttp {
  readonly own: number;
  /** anvil executes them as well: all at once, in one block at the end, which is how it is fastest. */
  readonly anvil: number;
}

export async function sealOverHttp(wallets: readonly Wallet[], transactions: readonly Signed[]): Promise<OverHttp> {
  const bodies = transactions.map(({ raw }, id) =>
    JSON.stringify({ jsonrpc: "2.0", id, method: "eth_sendRawTransaction", params: [hexOf(raw)] }),
  );
  return { own: await sealedHere(wallets.length, bodies), anvil: await minedByAnvil(wallets, bodies) };
}

async function sealedHere(accounts: number, bodies: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const workerData: SealHostOptions = { folder, accounts, transactions: bodies.length };
  const host = new Worker(new URL("./seal-host.ts", import.meta.url), { workerData });
  try {
    const [ready] = (await once(host, "message")) as [SealHostMessage];
    if (ready === "sealed") throw new Error("sealed before anything was sent");
    return await timed(ready.url, bodies, async () => {
      const sealed = once(host, "message");
      host.postMessage("sealed?");
      await sealed;
    });
  } finally {
    await host.terminate();
    await rm(folder, { recursive: true, force: true });
  }
}

async function minedByAnvil(wallets: readonly Wallet[], bodies: readonly string[]): Promise<number> {
  const anvil = await startAnvil(TEST_CHAIN_ID, wallets, {}, ["--no-mining"]);
  try {
    return await timed(anvil.url, bodies, () => anvil.mine(bodies.length));
  } finally {
    await anvil.stop();
  }
}

async function timed(url: string, bodies: readonly string[], end: () => Promise<void>): Promise<number> {
  const clients = openClients(url, CLIENTS);
  try {
    return await secondsOf(async () => {
      await sendAll(clients, bodies);
      await end();
    });
  } finally {
    clients.close();
  }
}

async function sendAll(clients: Clients, bodies: readonly string[]): Promise<void> {
  for (const answer of await clients.post(bodies)) {
    const { error } = JSON.parse(answer) as { readonly error?: { readonly message: string } };
    if (error) throw new Error(error.message);
  }
}
