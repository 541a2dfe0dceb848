// What `anh node status` says of a real node: as it answers, of its folder, and of the folder after a kill.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Hex } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../../cli/paths.ts";
import { devAccount } from "../../cli/stack/accounts.ts";
import { encodeChainFile } from "../../common/chain-file.ts";
import { startL1, type TestL1 } from "../support/l1.ts";
import { type NodeProcess, startNodeProcess } from "../support/node-process.ts";
import { prepay } from "../support/prepay.ts";
import { signRaw, testAddress } from "../support/transactions.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-status-"));
const chainFile = join(folder, "chain.json");
const dataDir = join(folder, "node");
let l1: TestL1;
let node: NodeProcess;

async function status(...args: readonly string[]) {
  const run = promisify(execFile)(process.execPath, ["cli/main.ts", "node", "status", ...args], { cwd: ROOT });
  return run.then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, out: stdout + stderr }),
  );
}
const told = async (...args: readonly string[]) => JSON.parse((await status("--json", ...args)).out);

beforeAll(async () => {
  l1 = await startL1();
  writeFileSync(chainFile, encodeChainFile(l1.chain));
  await prepay(l1, 0);
  node = await startNodeProcess(
    [
      ...["--role", "sequencer", "--data-dir", dataDir, "--chain-file", chainFile, "--l1-url", l1.url, "--port", "0"],
      ...["--block-time-ms", "50", "--anchor-interval-ms", "200"],
    ],
    { ANH_NODE_SEQUENCER_KEY: devAccount("sequencer").privateKey },
  );
  const raw = await signRaw({ chainId: 42n, to: testAddress(9), value: 0n, gas: 60_000n });
  const hash = await until(() => node.call<Hex>("eth_sendRawTransaction", raw).catch(() => undefined));
  await until(async () => (await node.call<object | null>("eth_getTransactionReceipt", hash)) ?? undefined);
  // One whose turn does not come.
  await node.call(
    "eth_sendRawTransaction",
    await signRaw({ chainId: 42n, nonce: 2, to: testAddress(9), gas: 60_000n, value: 0n }),
  );
  await until(async () => BigInt((await node.call<{ safe: Hex }>("anh_syncStatus")).safe) > 0n || undefined);
});
afterAll(async () => {
  await node?.end("SIGKILL");
  l1.stop();
  rmSync(folder, { recursive: true });
});

test("of a running node, by its answers and by its folder", async () => {
  const asked = await told("--node-url", node.url, "--l1-url", l1.url);
  const { head, safe } = { head: asked.latest, safe: asked.safe };
  expect(asked).toMatchObject({
    of: node.url,
    isRunning: true,
    role: "sequencer",
    openClaims: 0,
    mempool: 1,
    trouble: [],
  });
  expect(asked.l1.head).toBeGreaterThanOrEqual(asked.l1.number);
  expect(asked.lastBatch.lastNumber).toBe(safe);
  expect(safe).toBeGreaterThan(0);

  const read = await told("--data-dir", dataDir, "--chain-file", chainFile);
  expect(read).toMatchObject({ of: dataDir, isRunning: true, role: "sequencer", openClaims: 0, mempool: 1 });
  expect(read.latest).toBeGreaterThanOrEqual(head);
  expect(read.executed).toBeGreaterThan(0);
  expect(read.disk.chain).toBeGreaterThan(0);
  expect(read.disk.total).toBeGreaterThanOrEqual(read.disk.chain + read.disk.state + read.disk.pool);
  const { out } = await status("--node-url", node.url);
  expect(out).toMatch(/^node +sequencer, http/);
  expect(out).toContain("pool     1 waiting");
});

test("of URLs that are each other's, it says so", async () => {
  const swapped = await status("--node-url", l1.url, "--l1-url", node.url);
  expect(swapped).toMatchObject({ code: 78, out: expect.stringContaining("is it the L1's URL?") });
  const twice = await status("--node-url", node.url, "--l1-url", node.url);
  expect(twice).toMatchObject({ code: 78, out: expect.stringContaining("is it the L2's URL?") });
  const offline = await status("--node-url", node.url, "--l1-url", "http://127.0.0.1:1");
  expect(offline).toMatchObject({ code: 69, out: expect.stringContaining("no L1 node answers") });
});

test("of a folder whose node was killed, which the next node finds as it was", async () => {
  await node.end("SIGKILL");
  const { isRunning, mempool, trouble } = await told("--data-dir", dataDir, "--chain-file", chainFile);
  expect({ isRunning, mempool }).toEqual({ isRunning: false, mempool: 1 });
  expect(trouble.map(({ code }: { code: string }) => code)).toContain("stopped");
  expect((await status("--node-url", node.url)).code).toBe(69);
});

test("of a folder that holds no chain, or another one, it says so and makes nothing", async () => {
  const nowhere = join(folder, "nowhere");
  expect(await status("--data-dir", nowhere, "--chain-file", chainFile)).toMatchObject({ code: 2 });
  expect(existsSync(nowhere)).toBe(false);
  expect(await status("--data-dir", dataDir)).toMatchObject({ code: 2 });
  const other = join(folder, "other.json");
  const { genesis } = l1.chain;
  writeFileSync(other, encodeChainFile({ ...l1.chain, genesis: { ...genesis, hash: `0x${"11".repeat(32)}` } }));
  expect(await status("--data-dir", dataDir, "--chain-file", other)).toMatchObject({ code: 78 });
});
