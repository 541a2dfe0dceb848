import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bin } from "../../../cli/paths.ts";
import { counterBytecode } from "../../dapp/counter.ts";
import { TEST_CHAIN_ID, testAddress, testKey } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";
import { ETHER } from "../execution/rig.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

const run = promisify(execFile);
let rig: RpcRig;
let counter: string;

const cast = async (...args: string[]): Promise<string> => {
  const { stdout } = await run(bin("cast"), args, { timeout: 60_000, env: { ...process.env, ETH_RPC_URL: rig.url } });
  return stdout.trim();
};
const castJson = async <T>(command: string, ...args: string[]): Promise<T> =>
  JSON.parse(await cast(command, "--json", ...args)) as T;
const send = (...args: string[]) => castJson<Record<string, string>>("send", "--private-key", testKey(0), ...args);

beforeAll(async () => {
  rig = await startRpcRig({ sealing: true });
  counter = (await send("--create", counterBytecode)).contractAddress!;
});
afterAll(() => rig.stop());

describe("cast", () => {
  it("reads the chain", async () => {
    expect(await cast("chain-id")).toBe(TEST_CHAIN_ID.toString());
    expect(await cast("client")).toBe("anh/test");
    expect(BigInt(await cast("block-number"))).toBeGreaterThan(0n);
    expect(BigInt(await cast("gas-price"))).toBe(3_000_000n);
    expect(BigInt(await cast("basefee", "latest"))).toBe(1_000_000n);
  });

  it("reads blocks, whole and with their transactions", async () => {
    const block = await castJson<{ hash: string; transactions: unknown[] }>("block", "latest", "--full");
    expect(await cast("block", block.hash, "--field", "hash")).toBe(block.hash);
    expect(await cast("block", "0", "--field", "number")).toBe("0");
    expect(await cast("age", "latest")).toContain("2023");
  });

  it("sends to a contract, and reads what that did", async () => {
    const receipt = await send(counter, "increment(uint256)", "7", "--value", "3");
    expect(receipt.status).toBe("0x1");
    expect(await cast("call", counter, "value()(uint256)")).toBe("7");
    expect(await cast("storage", counter, "0")).toBe(`0x${"7".padStart(64, "0")}`);
    expect(await cast("balance", counter)).toBe("3");
    expect(await cast("receipt", receipt.transactionHash!, "status")).toBe("true");
    expect(await cast("tx", receipt.transactionHash!, "value")).toBe("3");
    expect(await cast("codesize", counter)).not.toBe("0");
    const logs = await castJson<unknown[]>("logs", "--from-block", "earliest", "--address", counter);
    expect(logs.length).toBe(1);
  });

  it("counts nonces, estimates and makes access lists", async () => {
    const nonce = Number(await cast("nonce", testAddress(0)));
    await send(testAddress(1), "--value", "1", "--legacy");
    expect(Number(await cast("nonce", testAddress(0)))).toBe(nonce + 1);
    const gas = Number(await cast("estimate", testAddress(1), "--value", "1", "--from", testAddress(0)));
    expect(gas).toBeGreaterThan(21_000);
    const list = await cast("access-list", counter, "value()", "--from", testAddress(0));
    expect(list.toLowerCase()).toContain(counter.toLowerCase());
    expect(BigInt(await cast("balance", testAddress(0)))).toBeLessThan(2n * ETHER);
  });

  it("signs an authorization and sends it with a call to the account it delegates", async () => {
    const own = await cast("wallet", "sign-auth", counter, "--private-key", testKey(4), "--nonce", "0");
    const receipt = await send(testAddress(4), "increment(uint256)", "9", "--auth", own);
    expect([receipt.status, receipt.type]).toEqual(["0x1", "0x4"]);
    expect(await cast("call", testAddress(4), "value()(uint256)")).toBe("9");
    expect((await cast("code", testAddress(4))).toLowerCase()).toBe(`0xef0100${counter.slice(2).toLowerCase()}`);
    expect(await cast("nonce", testAddress(4))).toBe("1");
  });

  it("traces, looks into the mempool, and hears of logs over WebSocket", async () => {
    const { transactionHash } = await send(counter, "increment(uint256)", "1");
    const tracer = ["--raw", JSON.stringify([transactionHash, { tracer: "callTracer" }])];
    expect(JSON.parse(await cast("rpc", "debug_traceTransaction", ...tracer))).toMatchObject({
      type: "CALL",
      to: counter,
    });
    expect(await cast("tx-pool", "status")).toMatch(/pending/i);
    expect(JSON.parse(await cast("tx-pool", "content"))).toMatchObject({ pending: {} });
    const socket = rig.url.replace("http", "ws");
    const watch = spawn(bin("cast"), ["logs", "--subscribe", "--address", counter, "--rpc-url", socket], {
      timeout: 60_000,
    });
    let heard = "";
    watch.stdout.on("data", (data) => {
      heard += String(data);
    });
    // cast does not say when it has subscribed.
    await until(async () => {
      await send(counter, "increment(uint256)", "1");
      return heard.includes(counter.slice(2, 12)) || heard.includes("blockNumber") || undefined;
    });
    watch.kill();
  });

  it("shows why a transaction is refused", async () => {
    await expect(send(counter, "increment(uint256)", "101")).rejects.toThrow(/reverted/);
    await expect(cast("call", counter, "deny(string)", "because")).rejects.toThrow(/because/);
    await expect(send(testAddress(1), "--nonce", "0", "--gas-limit", "50000")).rejects.toThrow(/nonce too low/);
    await expect(send(testAddress(1), "--value", "5ether")).rejects.toThrow(/insufficient funds/);
  });
});
