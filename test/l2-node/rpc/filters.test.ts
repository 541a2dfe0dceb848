import { keccak256 } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { counterAddress, counterAlloc, increment } from "../../dapp/counter.ts";
import { testAddress } from "../../support/transactions.ts";
import { until } from "../../support/until.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

type Log = { address: string; topics: string[]; blockNumber: string; removed: boolean };
let rig: RpcRig;
const changes = <T = Log>(id: string) => rig.get<T[]>("eth_getFilterChanges", id);
const bump = async (by: bigint) => {
  await rig.send({ to: counterAddress, data: increment(by) });
  return rig.seal();
};

beforeEach(async () => {
  rig = await startRpcRig({ alloc: counterAlloc, server: { maxFilters: 8, maxChanges: 5 } });
});
afterEach(() => rig.stop());

describe("filters nobody has", () => {
  it.each(["eth_getFilterChanges", "eth_getFilterLogs"])("answer %s with an error, and never a list", async (name) => {
    for (const id of ["0x1", `0x${"ab".repeat(16)}`])
      expect((await rig.ask(name, id)).error).toEqual({ code: -32000, message: "filter not found" });
    for (const id of [1, "1", "0x", `0x${"a".repeat(65)}`]) expect((await rig.ask(name, id)).error?.code).toBe(-32602);
  });

  it("cannot be uninstalled, nor twice", async () => {
    const id = await rig.get("eth_newBlockFilter");
    expect(await rig.get("eth_uninstallFilter", id)).toBe(true);
    expect(await rig.get("eth_uninstallFilter", id)).toBe(false);
    expect((await rig.ask("eth_getFilterChanges", id)).error?.message).toBe("filter not found");
  });

  it("come to be by number, until one is given back", async () => {
    const first = await rig.get("eth_newBlockFilter");
    for (let i = 1; i < 8; i++) await rig.get("eth_newBlockFilter");
    expect((await rig.ask("eth_newBlockFilter")).error?.code).toBe(-32005);
    await rig.get("eth_uninstallFilter", first);
    expect((await rig.ask("eth_newBlockFilter")).error).toBeUndefined();
  });

  it("come to be by time", async () => {
    const forgetful = await startRpcRig({ server: { idleMs: 50, maxFilters: 1 } });
    const id = await forgetful.get("eth_newBlockFilter");
    await until(async () => (await forgetful.ask("eth_newBlockFilter")).result);
    expect((await forgetful.ask("eth_getFilterChanges", id)).error?.message).toBe("filter not found");
    await forgetful.stop();
  });

  it("come to be by too many changes between two questions", async () => {
    const id = await rig.get("eth_newBlockFilter");
    for (let i = 0; i < 6; i++) rig.seal();
    expect((await rig.ask("eth_getFilterChanges", id)).error?.code).toBe(-32005);
    expect((await rig.ask("eth_getFilterChanges", id)).error?.message).toBe("filter not found");
  });
});

describe("log filters", () => {
  it("give each log once, from the block after their creation", async () => {
    await bump(1n);
    const id = await rig.get("eth_newFilter", { address: counterAddress });
    expect(await changes(id)).toEqual([]);
    const { header } = await bump(2n);
    await bump(3n);
    const found = await changes(id);
    expect(found.map(({ blockNumber }) => BigInt(blockNumber))).toEqual([header.number, header.number + 1n]);
    expect(found).toEqual(await rig.get("eth_getLogs", { fromBlock: found[0]!.blockNumber }));
    expect(await changes(id)).toEqual([]);
    // It says "latest" by default, as eth_getLogs does.
    expect(await rig.get("eth_getFilterLogs", id)).toEqual(found.slice(1));
  });

  it("select by address, topic and block", async () => {
    const [head] = [rig.chain.heads().latest];
    const topic = `0x${testAddress(0).slice(2).padStart(64, "0")}`;
    const ids = await Promise.all(
      [
        { topics: [null, topic] },
        { topics: [null, [keccak256("0x"), topic]] },
        { topics: [topic] },
        { address: [testAddress(3)] },
        { fromBlock: `0x${(head + 2n).toString(16)}` },
        { toBlock: `0x${(head + 1n).toString(16)}` },
      ].map((filter) => rig.get("eth_newFilter", filter)),
    );
    await bump(1n);
    await bump(1n);
    expect(await Promise.all(ids.map(async (id) => (await changes(id)).length))).toEqual([2, 2, 0, 0, 1, 1]);
  });

  it("tell what a dropped block took back, and what came in its place", async () => {
    const id = await rig.get("eth_newFilter", { address: counterAddress });
    const { header } = await bump(1n);
    const [first] = await changes(id);
    const dropped = rig.chain.dropAbove(header.number - 1n);
    const [removed] = await changes(id);
    expect(removed).toEqual({ ...first, removed: true, blockTimestamp: undefined });
    rig.mempool.readmit(dropped.flatMap(({ transactions }) => transactions.map(({ transaction }) => transaction!)));
    rig.seal();
    expect(await changes(id)).toMatchObject([{ topics: first!.topics, removed: false }]);
  });

  it("are not for one block, nor for ranges that run backwards", async () => {
    expect((await rig.ask("eth_newFilter", { blockHash: keccak256("0x") })).error?.code).toBe(-32602);
    expect((await rig.ask("eth_newFilter", { fromBlock: "0x9", toBlock: "0x8" })).error?.code).toBe(-32602);
    const blocks = await rig.get("eth_newBlockFilter");
    expect((await rig.ask("eth_getFilterLogs", blocks)).error?.message).toContain("not about logs");
  });
});

describe("block and transaction filters", () => {
  it("give hashes in order, or whole transactions", async () => {
    const blocks = await rig.get("eth_newBlockFilter");
    const pending = await rig.get("eth_newPendingTransactionFilter");
    const whole = await rig.get("eth_newPendingTransactionFilter", true);
    const hashes = [await rig.send({ to: testAddress(1) }), await rig.send({ to: testAddress(2) })];
    expect(await changes(pending)).toEqual(hashes);
    expect(await changes<{ hash: string; blockHash: null }>(whole)).toMatchObject(
      hashes.map((hash) => ({ hash, blockHash: null })),
    );
    const sealed = [rig.seal(), rig.seal()];
    expect(await changes(blocks)).toEqual(sealed.map(({ hash }) => hash));
    expect(await changes(blocks)).toEqual([]);
  });

  it("about the mempool do not exist on a replica", async () => {
    const replica = await startRpcRig({ context: { mempool: undefined } });
    expect((await replica.ask("eth_newPendingTransactionFilter")).error?.code).toBe(-32004);
    await replica.stop();
  });
});

describe("eth_getLogs", () => {
  it("refuses a million blocks at once without looking", async () => {
    const started = performance.now();
    expect((await rig.ask("eth_getLogs", { fromBlock: "0x0", toBlock: "0xf4240" })).error?.code).toBe(-32602);
    rig.chain.heads = () => ({ latest: 1_000_000n, safe: 0n, finalized: 0n });
    expect((await rig.ask("eth_getLogs", { fromBlock: "0x0", toBlock: "0xf4240" })).error?.code).toBe(-32005);
    expect(rig.execution.executedNumber()).toBeLessThan(10n);
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  it("takes a thousand addresses and topics, and no more", async () => {
    await bump(1n);
    const many = (count: number) => Array.from({ length: count }, (_, i) => `0x${i.toString(16).padStart(40, "0")}`);
    const wide = (count: number) => many(count).map((address) => `0x${"0".repeat(24)}${address.slice(2)}`);
    const full = { fromBlock: "0x1", address: [...many(999), counterAddress], topics: [null, wide(1000)] };
    expect(await rig.get("eth_getLogs", full)).toEqual([]);
    expect(await rig.get<Log[]>("eth_getLogs", { ...full, topics: [] })).toHaveLength(1);
    expect((await rig.ask("eth_getLogs", { address: many(1001) })).error?.code).toBe(-32602);
    expect((await rig.ask("eth_getLogs", { topics: [wide(1001)] })).error?.code).toBe(-32602);
  });
});
