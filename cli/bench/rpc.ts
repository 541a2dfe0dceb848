import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Address, encodeFunctionData, erc20Abi } from "viem";
import { startRpcServer } from "../../l2-node/rpc/server.ts";
import { TEST_CHAIN_ID } from "../../test/support/transactions.ts";
import { openExecution } from "./bench-execution.ts";
import { type Figure, median, round, secondsOf } from "./figures.ts";
import { type Clients, openClients } from "./http.ts";
import { addAll, fundedNode, sealAll } from "./sealed-chain.ts";
import { TOKEN, tokenAlloc, tokenTransfer } from "./token.ts";
import { signedBy, walletsOf } from "./transactions.ts";

const ACCOUNTS = 100;
const EACH = 10;
const REQUESTS = 300;
const IN_FLIGHT = 16;
const ROUNDS = 5;

/** Requests answered over HTTP on kept connections, one call each; whoever asks runs in the same thread as the server. */
export async function rpc(say: (text: string) => void): Promise<Record<string, Figure>> {
  const wallets = walletsOf(ACCOUNTS);
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  const transactions = signedBy(TEST_CHAIN_ID, wallets, EACH, tokenTransfer);
  const node = fundedNode(folder, wallets, { maxTransactions: transactions.length, alloc: tokenAlloc(wallets) });
  await addAll(node, transactions);
  sealAll(node);
  const execution = await openExecution(node, join(folder, "state.sqlite"));
  const { latest } = node.chain.heads();
  await execution.executeTo("latest");
  const server = await startRpcServer(
    { host: "127.0.0.1", port: 0 },
    {
      context: {
        chain: node.chain,
        mempool: node.mempool,
        execution,
        clientVersion: "anh/bench",
        limits: { maxLogBlocks: 10_000n, maxLogs: 20_000 },
      },
      routers: [],
      onFault: (error) => {
        throw error;
      },
    },
  );
  const owner = wallets[0]?.address as Address;
  const balanceOf = encodeFunctionData({ abi: erc20Abi, functionName: "balanceOf", args: [owner] });
  // Ten of the thousand: those that the first wallet sent.
  const sender = `0x${owner.slice(2).padStart(64, "0")}`;
  const span = { fromBlock: "0x1", toBlock: `0x${latest.toString(16)}` };
  const calls: Record<string, readonly unknown[]> = {
    eth_chainId: [],
    eth_call: [{ to: TOKEN, data: balanceOf }, "latest"],
    eth_getLogs: [{ ...span, address: TOKEN, topics: [null, sender] }],
  };
  const clients = openClients(server.url, IN_FLIGHT);
  const figures: Record<string, Figure> = {};
  try {
    for (const [method, params] of Object.entries(calls)) {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      const rates: number[] = [];
      for (let i = 0; i <= ROUNDS; i++) {
        const seconds = await secondsOf(() => askAll(clients, body));
        if (i > 0) rates.push(REQUESTS / seconds);
      }
      figures[`rpc-${method}-per-s`] = { value: round(median(rates)), unit: "requests/s" };
      say(`${method}: ${median(rates).toFixed(0)} requests/s`);
    }
    return figures;
  } finally {
    clients.close();
    await server.close();
    await execution.close();
    node.store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function askAll(clients: Clients, body: string): Promise<void> {
  for (const answer of await clients.post(Array.from({ length: REQUESTS }, () => body))) {
    const { error } = JSON.parse(answer) as { readonly error?: { readonly message: string } };
    if (error) throw new Error(error.message);
  }
}
