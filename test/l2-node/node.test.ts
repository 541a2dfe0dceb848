import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createWalletClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devAccount } from "../../cli/stack/accounts.ts";
import { encodeChainFile } from "../../common/chain-file.ts";
import { bridgeAbi } from "../../common/contracts/bridge.ts";
import { prepaidGasAbi } from "../../common/contracts/prepaid-gas.ts";
import { putBlob } from "../../verifier/data/put.ts";
import { mlpGraphs } from "../../verifier/model/mlp.ts";
import { graphUpload } from "../../verifier/model/uploads.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { startL1, type TestL1 } from "../support/l1.ts";
import { type NodeProcess, startNodeProcess } from "../support/node-process.ts";
import { signRaw, testAddress } from "../support/transactions.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-node-"));
const keys = {
  ANH_NODE_SEQUENCER_KEY: devAccount("sequencer").privateKey,
  ANH_NODE_POSTER_KEY: devAccount("accountant").privateKey,
};
const running = new Set<NodeProcess>();
let l1: TestL1;

beforeAll(async () => {
  l1 = await startL1();
  writeFileSync(join(folder, "chain.json"), encodeChainFile(l1.chain));
});
afterAll(async () => {
  for (const node of running) await node.end("SIGKILL");
  l1.stop();
  rmSync(folder, { recursive: true });
});

const argsOf = (role: string, ...more: string[]) => [
  ...["--role", role, "--data-dir", join(folder, role), "--chain-file", join(folder, "chain.json")],
  ...["--l1-url", l1.url, "--port", "0", "--block-time-ms", "100", ...more],
];
async function start(role: "sequencer" | "replica"): Promise<NodeProcess> {
  const node = await startNodeProcess(argsOf(role), role === "sequencer" ? keys : {});
  running.add(node);
  return node;
}

async function onL1(call: "gas" | "eth", to: Hex, value: bigint): Promise<void> {
  const account = privateKeyToAccount(devAccount("user").privateKey);
  const wallet = createWalletClient({ account, transport: http(l1.url) });
  const { prepaidGas, bridge } = l1.chain.contracts;
  const hash =
    call === "gas"
      ? await wallet.writeContract({
          address: prepaidGas,
          abi: prepaidGasAbi,
          functionName: "deposit",
          args: [to],
          value,
          chain: null,
        })
      : await wallet.writeContract({
          address: bridge,
          abi: bridgeAbi,
          functionName: "depositEth",
          args: [to],
          value,
          chain: null,
        });
  await l1.client.waitForTransactionReceipt({ hash });
}

const transfer = (nonce: number) =>
  signRaw({
    chainId: 42n,
    nonce,
    to: testAddress(9),
    value: 10n ** 15n,
    gas: 60_000n,
    maxFeePerGas: 20n * 10n ** 9n,
    maxPriorityFeePerGas: 2n * 10n ** 9n,
  });

describe("a node as a process", () => {
  it("ends with 78 when its settings are wrong", async () => {
    await expect(startNodeProcess(argsOf("sequencer"))).rejects.toThrowError(
      /exit 78: [\s\S]*a sequencer needs its key/,
    );
  });

  it("stores graphs and tensors by their roots until its room is used up, also by an earlier run", async () => {
    const optimizer = { kind: "sgd", learningRate: 0.1 } as const;
    const { train } = mlpGraphs({ sizes: [4, 3, 2], batchRows: 2, evaluateBatchRows: 2, optimizer, seed: 1 });
    const args = argsOf("replica", "--data-dir", join(folder, "uploads"), "--max-blob-bytes", "100000");
    let node = await startNodeProcess(args);
    running.add(node);
    const tensor = { kind: "tensor", root: tensorRoot(new Uint8Array(60_000)), bytes: new Uint8Array(60_000) } as const;
    for (const upload of [graphUpload(train.graph), tensor]) {
      await putBlob(node.url, upload);
      const answer = await fetch(`${node.url}/v1/blob/${upload.root}`);
      expect(new Uint8Array(await answer.arrayBuffer())).toEqual(upload.bytes);
    }
    expect(await node.end("SIGTERM")).toBe(0);
    running.delete(node);
    node = await startNodeProcess(args);
    running.add(node);
    const other = await fetch(`${node.url}/v1/blob/tensor`, { method: "PUT", body: new Uint8Array(60_000).fill(1) });
    expect([other.status, await other.json()]).toMatchObject([507, { code: "uploads-full" }]);
    expect((await fetch(`${node.url}/v1/blob/${tensor.root}`)).status).toBe(200);
    expect(await node.end("SIGTERM")).toBe(0);
    running.delete(node);
  });

  it("loses no accepted transaction to kill -9 or an L1 reorg, and a replica fed from L1 alone comes to the same state", async () => {
    await onL1("gas", testAddress(0), 10n ** 18n);
    await onL1("eth", testAddress(0), 10n ** 18n);
    let sequencer = await start("sequencer");
    await until(async () =>
      BigInt(await sequencer.call<Hex>("eth_getBalance", testAddress(0))) === 2n * 10n ** 18n ? true : undefined,
    );
    const accepted: Hex[] = [];
    for (let nonce = 0; nonce < 12; nonce++) {
      accepted.push(await sequencer.call<Hex>("eth_sendRawTransaction", await transfer(nonce)));
      if (nonce === 3 || nonce === 8) {
        expect(await sequencer.end("SIGKILL")).toBeNull();
        running.delete(sequencer);
        sequencer = await start("sequencer");
      }
    }
    const replica = await start("replica");
    for (const hash of accepted)
      await until(async () =>
        (await replica.call<object | null>("eth_getTransactionReceipt", hash)) ? true : undefined,
      );
    // Three L1 blocks and what they anchored are gone: nodes go back, blocks are anchored again, nothing accepted is lost.
    for (let nonce = 12; nonce < 18; nonce++) {
      accepted.push(await sequencer.call<Hex>("eth_sendRawTransaction", await transfer(nonce)));
      if (nonce !== 14) continue;
      // A block mined while anvil forks stands on one that is gone.
      await l1.hold();
      await l1.client.request({ method: "anvil_reorg", params: [3, []] } as never);
      await l1.resume();
    }
    const isAnchored = async (node: NodeProcess, hash: Hex) => {
      const status = await node.call<{ state: string } | null>("anh_getTransactionStatus", hash);
      return status?.state === "executed-final" || status?.state === "settled" ? true : undefined;
    };
    for (const hash of accepted) await until(() => isAnchored(replica, hash));
    const anchored = await replica.call<{ safe: Hex }>("anh_syncStatus");
    const roots = (node: NodeProcess) => node.call("anh_getBlockRoots", anchored.safe);
    expect(await roots(replica)).toEqual(await roots(sequencer));
    expect(BigInt(await replica.call<Hex>("eth_getBalance", testAddress(9)))).toBe(18n * 10n ** 15n);
    expect(await replica.call("anh_getPrepaidGas", testAddress(0))).toBe(
      await sequencer.call("anh_getPrepaidGas", testAddress(0)),
    );

    await until(() => sequencer.events.find(({ event }) => event === "state-claimed"));
    await expect(replica.call("eth_sendRawTransaction", await transfer(18))).rejects.toThrowError(/replica/);
    for (const node of [replica, sequencer]) {
      running.delete(node);
      expect(await node.end("SIGTERM")).toBe(0);
    }
  });
});
