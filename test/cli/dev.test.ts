import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { createPublicClient, type Hex, http, keccak256, type PublicClient } from "viem";
import { mnemonicToAccount, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodeOf } from "../../cli/exit.ts";
import { hasCode } from "../../cli/job/node.ts";
import { ROOT } from "../../cli/paths.ts";
import { type PreflightSettings, preflight } from "../../cli/service/preflight.ts";
import { DEV_MNEMONIC, devUsers } from "../../cli/stack/accounts.ts";
import { CHAIN_FILE } from "../../cli/stack/data-dir.ts";
import { chainAt } from "../../verifier/chain-at.ts";
import { readChain } from "../../verifier/read-chain.ts";
import { toSafetensors } from "../../verifier/tensor/safetensors.ts";
import { float32 } from "../../verifier/tensor/tensor.ts";
import { until } from "../support/until.ts";

const CONTRACT = "0x00000000000000000000000000000000000000aa";
const RICH = "0x00000000000000000000000000000000000000bb";
/** Answers every call with its slot 0. */
const SLOT_0 = "0x5f545f5260205ff3";

const folder = mkdtempSync(join(tmpdir(), "anh-dev-test-"));
const dataDir = join(folder, "stack");
const genesisFile = (name: string, answer: string): string => {
  const path = join(folder, name);
  const contract = { code: SLOT_0, nonce: "0x1", balance: "5", storage: { "0x0": answer } };
  writeFileSync(
    path,
    JSON.stringify({ config: { chainId: 77_777 }, alloc: { [CONTRACT]: contract, [RICH]: { balance: "0x64" } } }),
  );
  return path;
};
const genesis = genesisFile("genesis.json", "0x2a");
const user = devUsers()[1]!;

function anh(...args: readonly string[]) {
  const env = { ...process.env, ANH_KEY: user.privateKey };
  const child = spawn(process.execPath, ["cli/main.ts", ...args], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, stderr: text(child.stderr), ended: once(child, "close") as Promise<[number | null]> };
}

/** Runs `anh tx force` against the stack. */
async function force(...args: readonly string[]) {
  const urls = ["--l1-url", ready.l1.url, "--node-url", ready.l2.url, "--chain-file", join(dataDir, CHAIN_FILE)];
  const { child, stderr, ended } = anh("tx", "force", ...urls, ...args);
  const [stdout, problems, [code]] = await Promise.all([text(child.stdout), stderr, ended]);
  return { stdout, stderr: problems, code };
}

const signed = (fields: { nonce: number; chainId?: number; gas?: bigint }) =>
  privateKeyToAccount(user.privateKey).signTransaction({
    chainId: 77_777,
    to: RICH,
    value: 3n,
    gas: 50_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 0n,
    ...fields,
  });

let dev: ReturnType<typeof anh>;
let ready: { readonly l1: { readonly url: string }; readonly l2: { readonly url: string; readonly chainId: number } };
let l2: PublicClient;

beforeAll(async () => {
  const ports = ["--l1-port", "0", "--l2-port", "0"];
  dev = anh("dev", "--json", ...ports, "--data-dir", dataDir, "--genesis", genesis);
  const line = once(createInterface({ input: dev.child.stdout }), "line") as Promise<[string]>;
  const failed = dev.ended.then(async () => Promise.reject(new Error(await dev.stderr)));
  ready = JSON.parse((await Promise.race([line, failed]))[0]);
  failed.catch(() => {}); // it ends with the tests as well
  l2 = createPublicClient({ transport: http(ready.l2.url) });
});
afterAll(async () => {
  dev.child.kill("SIGINT");
  await dev.ended;
  rmSync(folder, { recursive: true });
});

test("a genesis that cannot be used ends `anh dev` before anything is started", async () => {
  const bad = join(folder, "bad.json");
  for (const [content, message, code] of [
    [JSON.stringify({ alloc: { [CONTRACT]: { nonce: 1 } } }), "a nonce without code", 78],
    [JSON.stringify({ alloc: {}, config: { chainId: 31_337 } }), "that of the embedded L1", 2],
  ] as const) {
    writeFileSync(bad, content);
    const { stderr, ended } = anh("dev", "--l1-port", "0", "--l2-port", "0", "--genesis", bad);
    expect((await ended)[0]).toBe(code);
    expect(await stderr).toContain(message);
  }
});

test("the folder of a stack that runs is not taken from it", async () => {
  const { stderr, ended } = anh("dev", "--l1-port", "0", "--l2-port", "0", "--data-dir", dataDir);
  expect((await ended)[0]).toBe(2);
  expect(await stderr).toContain(`is in use: a run goes on there (pid ${dev.child.pid})`);
});

test("the L2 begins with the genesis file's contracts; its balances come through the Bridge", async () => {
  expect([ready.l2.chainId, await l2.getChainId()]).toEqual([77_777, 77_777]);
  expect(BigInt((await l2.call({ to: CONTRACT, blockNumber: 0n })).data!)).toBe(42n);
  expect(await l2.getTransactionCount({ address: CONTRACT })).toBe(1);
  expect(await l2.getBalance({ address: CONTRACT, blockNumber: 0n })).toBe(0n);
  expect(await l2.getBalance({ address: CONTRACT })).toBe(5n);
  expect(await l2.getBalance({ address: RICH })).toBe(100n);
  expect(await Promise.all([CONTRACT, RICH].map((at) => hasCode(ready.l2.url, at as Hex)))).toEqual([true, false]);
  expect(await l2.getCode({ address: "0xcA11bde05977b3631167028862bE2a173976CA11" })).toMatch(/^0x6080/);
});

test("a replica says that its L1 is dead or another one before it says that it is ready", async () => {
  const replica = (l1Url: string) =>
    anh(
      ...["node", "run", "--role", "replica", "--data-dir", join(folder, "early"), "--port", "0", "--json"],
      ...["--chain-file", join(dataDir, CHAIN_FILE), "--l1-url", l1Url],
    );
  for (const [l1Url, exit, code] of [
    ["http://127.0.0.1:1", 69, "l1-unavailable"],
    [ready.l2.url, 78, "wrong-l1"],
  ] as const) {
    const { child, ended } = replica(l1Url);
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    expect(JSON.parse(line).error.code).toBe(code);
    expect((await ended)[0]).toBe(exit);
  }
});

test("a job made at L1's URL hears that it is no L2 node's", async () => {
  await expect(chainAt(ready.l1.url)).rejects.toMatchObject({ code: "wrong-l2" });
  const file = join(folder, "data.safetensors");
  writeFileSync(file, Buffer.concat(toSafetensors(new Map([["x", float32([1], [1])]]))));
  const added = anh("dataset", "add", file, "--tensors", "x", "--node-url", ready.l1.url);
  expect((await added.ended)[0]).toBe(78);
  expect(await added.stderr).toContain("is it the L1's URL?");
});

test("an example at L1's URL deploys nothing there", async () => {
  const l1 = createPublicClient({ transport: http(ready.l1.url) });
  const address = mnemonicToAccount(DEV_MNEMONIC, { addressIndex: 8 }).address;
  const before = await l1.getTransactionCount({ address });
  const { status, stderr } = spawnSync(process.execPath, ["examples/two-spirals.ts", ready.l1.url], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([1, expect.stringContaining("is it the L1's URL?")]);
  expect(await l1.getTransactionCount({ address })).toBe(before);
});

test("a replica with another genesis does not start, and says which was expected", async () => {
  const replica = (file: string, ...more: readonly string[]) =>
    anh(
      ...["node", "run", "--role", "replica", "--data-dir", join(folder, "replica"), "--genesis", file],
      ...["--chain-file", join(dataDir, CHAIN_FILE), "--l1-url", ready.l1.url, "--port", "0", ...more],
    );
  const refused = replica(genesisFile("other.json", "0x2b"));
  expect((await refused.ended)[0]).toBe(78);
  expect(await refused.stderr).toMatch(
    /did not begin with this genesis file\n +expected 0x[0-9a-f]{64}, got 0x[0-9a-f]{64}\n +the chain file decides/,
  );

  const node = replica(genesis, "--json");
  try {
    const [line] = (await once(createInterface({ input: node.child.stdout }), "line")) as [string];
    const reader = createPublicClient({ transport: http(JSON.parse(line).url) });
    const ask = (client: PublicClient, method: string, ...params: unknown[]) =>
      client.request({ method, params } as never) as Promise<{ safe: Hex }>;
    const { safe } = await until(async () => {
      const status = await ask(reader, "anh_syncStatus");
      return BigInt(status.safe) > 1n ? status : undefined;
    });
    expect(await ask(reader, "anh_getBlockRoots", safe)).toEqual(await ask(l2, "anh_getBlockRoots", safe));
  } finally {
    node.child.kill("SIGTERM");
  }
  expect((await node.ended)[0]).toBe(0);
});

describe("before an executor or a challenger starts, its operator hears", () => {
  const settings = (changes: Partial<PreflightSettings> = {}): PreflightSettings => ({
    chain: readChain(join(dataDir, CHAIN_FILE)),
    l1Url: ready.l1.url,
    nodeUrl: ready.l2.url,
    key: user.privateKey,
    folder: join(folder, "service"),
    ...changes,
  });
  const gone = "http://127.0.0.1:1";
  const poor = `0x${"77".repeat(32)}` as const;
  test.each<[string, () => Partial<PreflightSettings>, number, string, RegExp]>([
    ["an L1 that is not there", () => ({ l1Url: `${gone}/v3/key` }), 69, "l1-unavailable", /127\.0\.0\.1:1\/…$/],
    ["a node that is not there", () => ({ nodeUrl: gone }), 69, "node-unavailable", /no L2 node answers/],
    ["the L2 in L1's place", () => ({ l1Url: ready.l2.url }), 78, "wrong-l1", /another chain than the L1/],
    ["the L2 beside L1", () => ({ l1WitnessUrls: [ready.l2.url] }), 78, "wrong-l1", /another chain than the L1/],
    ["the L1 in L2's place", () => ({ nodeUrl: ready.l1.url }), 78, "wrong-l2", /another chain than the L2/],
    ["an account without ether", () => ({ key: poor }), 78, "unfunded", /has no ether on L1/],
    ["an L1 that began anew", () => ({ chain: begunAnew() }), 78, "wrong-l1", /does not hold the block/],
    ["contracts that are absent", () => ({ chain: withoutContracts() }), 78, "wrong-l1", /no contract at 0x0+aa/],
    ["a folder that cannot be", () => ({ folder: "/proc/anh" }), 2, "usage", /cannot be written/],
    ["a folder that is a file", () => ({ folder: genesis }), 2, "usage", /is not a folder/],
    ["a folder in use", () => ({ folder: dataDir }), 2, "usage", /a run goes on there/],
  ])("%s", async (_, changes, exit, code, message) => {
    const error = await preflight(settings(changes())).catch((reason) => reason);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(exitCodeOf(error)).toBe(exit);
  });
  const begunAnew = () => {
    const { chain } = settings();
    const { header } = chain.genesis;
    const origin = { ...header.origin, hash: `0x${"12".repeat(32)}` as const };
    return { ...chain, genesis: { ...chain.genesis, header: { ...header, origin } } };
  };
  const withoutContracts = () => {
    const { chain } = settings();
    return { ...chain, contracts: { ...chain.contracts, resultClaims: CONTRACT } } as const;
  };

  test("a folder of another chain: once a service has started there, none of another chain does", async () => {
    const own = join(folder, "kept");
    const other = {
      ...settings().chain,
      genesis: { ...settings().chain.genesis, hash: `0x${"12".repeat(32)}` },
    } as const;
    await expect(preflight(settings({ folder: own, nodeUrl: gone }))).rejects.toThrow("no L2 node answers");
    await preflight(settings({ folder: own, chain: other })); // what was only tried is nobody's
    const error = await preflight(settings({ folder: own })).catch((reason) => reason);
    expect(error).toMatchObject({ code: "wrong-chain", actual: other.genesis.hash });
    expect(exitCodeOf(error)).toBe(78);
    await preflight(settings({ folder: own, chain: other }));
  });

  test("what its account has, when all is well, or when one of its L1 endpoints is", async () => {
    expect(await preflight(settings())).toBeGreaterThan(10n ** 18n);
    expect(await preflight(settings({ l1Url: gone, l1WitnessUrls: [ready.l1.url] }))).toBeGreaterThan(10n ** 18n);
  });
});

test("`anh tx force` pays nothing for what cannot work, and says so with the exit codes of all commands", async () => {
  const usage = await force("--to", RICH, "--wait", "long");
  expect([usage.code, usage.stdout, usage.stderr]).toEqual([2, "", expect.stringContaining('--wait is "long"')]);
  expect((await force("--to", RICH, "--l1-url", ready.l2.url)).stderr).toContain("another chain than the L1");
  const silent = await force("--to", RICH, "--l1-url", "http://127.0.0.1:1");
  expect([silent.code, silent.stderr]).toEqual([69, expect.stringContaining("no L1 node answers")]);
  const keyless = spawnSync(
    process.execPath,
    ["cli/main.ts", "tx", "force", "--to", RICH, "--l1-url", ready.l1.url, "--chain-file", join(dataDir, CHAIN_FILE)],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, ANH_KEY: "" } },
  );
  expect([keyless.status, keyless.stderr]).toEqual([2, expect.stringContaining("ANH_KEY is not set")]);
  const poor = await force("--to", RICH, "--mint-eth", "1000000", "--json");
  expect([poor.code, JSON.parse(poor.stdout).error.code]).toEqual([1, "l1-refused"]);
});

test("`anh tx force` brings a call, and a signed transaction, to the L2 through L1", async () => {
  const before = await l2.getBalance({ address: RICH });
  const call = await force("--to", RICH, "--mint-eth", "1", "--value-eth", "0.25", "--wait", "executed", "--json");
  const forced = JSON.parse(call.stdout);
  expect(forced.status).toMatchObject({ state: expect.stringMatching(/^executed-/) });
  const quarter = 10n ** 18n / 4n;
  expect(await l2.getBalance({ address: RICH })).toBe(before + quarter);
  const receipt = await l2.getTransactionReceipt({ hash: forced.l2Transaction });
  expect(receipt).toMatchObject({ status: "success", from: user.address.toLowerCase() });
  const inclusion = BigInt(forced.included.noBatchWithoutItAfter) - BigInt(forced.included.fallbackAfter);
  expect(Number(inclusion)).toBeGreaterThan(1800 - 60); // counted from now; the fallback from the last anchoring

  const raw = await signed({ nonce: 0 });
  const envelope = await force(raw, "--wait", "included");
  expect(envelope.stdout).toContain(`On L2 it is transaction ${keccak256(raw)}`);
  expect(envelope.stdout).toContain(`See it land: cast rpc anh_getTransactionStatus ${keccak256(raw)} --rpc-url`);
  expect(envelope.stdout).toMatch(/No batch can leave it out after \d{4}-\d\d-\d\dT/);
  expect(envelope.stdout).toMatch(/: L2 block \d+\n$/);
  expect(await l2.getBalance({ address: RICH })).toBe(before + quarter + 3n);

  const twice = await force(raw, "--json");
  expect([twice.code, JSON.parse(twice.stdout).error.code]).toEqual([1, "already-included"]);

  // Its nonce is used: the block that takes the message in skips it, and nobody is charged.
  const again = await force(await signed({ nonce: 0, gas: 40_000n }), "--wait", "executed", "--json");
  expect([again.code, JSON.parse(again.stdout.split("\n")[0]!).error.code]).toEqual([1, "skipped"]);
});
