// A node that seals what it is sent over HTTP, in a thread of its own.
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { startRpcServer } from "../../l2-node/rpc/server.ts";
import { openRecovery } from "../../l2-node/sequencer/recovery.ts";
import { openExecution } from "./bench-execution.ts";
import { checkIncluded, fundedNode } from "./sealed-chain.ts";
import { walletsOf } from "./transactions.ts";

export interface SealHostOptions {
  readonly folder: string;
  readonly accounts: number;
  /** How many will be sent. */
  readonly transactions: number;
}
/** The url first; "sealed", asked for with anything, as soon as nothing waits any more. */
export type SealHostMessage = { readonly url: string } | "sealed";

const { folder, accounts, transactions } = workerData as SealHostOptions;
const say = (message: SealHostMessage) => parentPort?.postMessage(message);
const fail = (error: unknown): never => {
  throw error;
};

const { recover } = openRecovery();
const node = fundedNode(folder, walletsOf(accounts), { maxTransactions: transactions, recover });
const { chain, mempool, sequencer } = node;
const execution = await openExecution(node, join(folder, "state.sqlite"));
const limits = { maxLogBlocks: 10_000n, maxLogs: 20_000 };
const context = { chain, mempool, execution, clientVersion: "anh/bench", limits };
const server = await startRpcServer({ host: "127.0.0.1", port: 0 }, { context, routers: [], onFault: fail });
sequencer.start(fail);
say({ url: server.url });
parentPort?.once("message", async () => {
  while (mempool.size > 0) await new Promise((resolve) => setImmediate(resolve));
  sequencer.stop();
  checkIncluded(node, transactions);
  say("sealed");
});
