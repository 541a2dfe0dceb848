import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { hexOf } from "../../common/bytes.ts";
import type { GenesisAlloc } from "../../common/chain-file.ts";
import { ROOT } from "../paths.ts";
import { freePorts } from "../stack/ports.ts";
import type { Signed, Wallet } from "./transactions.ts";

/** Foundry's anvil, with the same accounts and code as the node beside it. */
export interface Anvil {
  readonly url: string;
  /** Takes envelopes in, so many to a request. */
  send(transactions: readonly Signed[]): Promise<void>;
  /** Executes all that waits; throws where not so many were. */
  mine(expected: number): Promise<void>;
  /** Runs something whose effects go afterwards. */
  undoing<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

const PER_REQUEST = 500;

export async function startAnvil(
  chainId: bigint,
  wallets: readonly Wallet[],
  alloc: GenesisAlloc,
  args: readonly string[],
): Promise<Anvil> {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const flags = ["--port", port, "--chain-id", chainId, "--hardfork", "osaka", "--gas-limit", 10 ** 10, "--silent"];
  const host = spawn(
    process.execPath,
    [`${ROOT}cli/stack/anvil-host.ts`, ...[...flags, "--block-base-fee-per-gas", 1_000_000].map(String), ...args],
    { stdio: "ignore" },
  );
  const ended = once(host, "exit");
  const batch = async (calls: readonly (readonly [string, readonly unknown[]])[]): Promise<unknown[]> => {
    if (calls.length === 0) return []; // anvil takes no empty batch
    const body = JSON.stringify(calls.map(([method, params], id) => ({ jsonrpc: "2.0", id, method, params })));
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    const answers = (await response.json()) as { result?: unknown; error?: { message: string } }[];
    for (const { error } of answers) if (error) throw new Error(`anvil: ${error.message}`);
    return answers.map(({ result }) => result);
  };
  const one = async (method: string, ...params: unknown[]): Promise<unknown> => (await batch([[method, params]]))[0];
  for (let tries = 0; ; tries++) {
    if (await one("eth_chainId").catch(() => false)) break;
    if (tries > 600) throw new Error("anvil does not answer");
    await sleep(50);
  }
  await batch(wallets.map(({ address }) => ["anvil_setBalance", [address, "0x8ac7230489e80000"]]));
  for (const [address, { code, storage = {} }] of Object.entries(alloc)) {
    await batch([["anvil_setCode", [address, code]]]);
    await batch(Object.entries(storage).map(([slot, value]) => ["anvil_setStorageAt", [address, slot, value]]));
  }
  return {
    url,
    async send(transactions) {
      for (let from = 0; from < transactions.length; from += PER_REQUEST)
        await batch(
          transactions.slice(from, from + PER_REQUEST).map(({ raw }) => ["eth_sendRawTransaction", [hexOf(raw)]]),
        );
    },
    async mine(expected) {
      await one("anvil_mine", "0x1");
      const { transactions } = (await one("eth_getBlockByNumber", "latest", false)) as { transactions: Hex[] };
      if (transactions.length !== expected) throw new Error(`anvil mined ${transactions.length} of ${expected}`);
    },
    async undoing(work) {
      const snapshot = await one("evm_snapshot");
      const result = await work();
      await one("evm_revert", snapshot);
      return result;
    },
    async stop() {
      host.kill("SIGTERM");
      await ended;
    },
  };
}
