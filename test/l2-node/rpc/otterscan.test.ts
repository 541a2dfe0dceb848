import { type Hex, keccak256 } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counterAddress, counterAlloc, counterBytecode, increment } from "../../dapp/counter.ts";
import { testAddress } from "../../support/transactions.ts";
import { gasDeposit } from "../execution/rig.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

/** Creates a contract without code and sends it 5 wei, then sends 2 wei to its caller. */
const FACTORY: Hex = `0x${"fa".repeat(20)}`;
const factoryCode: Hex = "0x5f5f6005f0505f5f5f5f6002335af100";

type Page = {
  txs: { hash: Hex }[];
  receipts: { transactionHash: Hex; timestamp: number }[];
  firstPage: boolean;
  lastPage: boolean;
};
let rig: RpcRig;
let bumps: Hex[];
let deployed: Hex;
let made: Hex;

beforeAll(async () => {
  rig = await startRpcRig({ alloc: { ...counterAlloc, [FACTORY]: { nonce: 1n, code: factoryCode } } });
  rig.deliver(gasDeposit(1));
  bumps = [];
  for (let i = 0; i < 5; i++) {
    bumps.push(await rig.send({ to: counterAddress, data: increment(1n) }));
    if (i % 2 === 1) rig.seal();
  }
  bumps.push(await rig.send({ key: 1, to: counterAddress, data: increment(101n) }));
  rig.seal();
  deployed = await rig.send({ to: null, data: counterBytecode, gas: 1_000_000n });
  made = await rig.send({ to: FACTORY, value: 9n });
  rig.seal();
});
afterAll(async () => {
  expect(rig.faults).toEqual([]);
  await rig.stop();
});

const search = (direction: "Before" | "After", block: number, size: number, account: Hex = counterAddress) =>
  rig.get<Page>(`ots_searchTransactions${direction}`, account, block, size);
const hashesOf = ({ txs }: Page) => txs.map(({ hash }) => hash);

describe("Otterscan's calls refuse", () => {
  it("pages too large, negative blocks and what is no account", async () => {
    for (const params of [
      [counterAddress, 0, 101],
      [counterAddress, -1, 5],
      [counterAddress, 0, 0],
      ["0x12", 0, 5],
      [counterAddress, "0x0", 5],
    ])
      expect((await rig.ask("ots_searchTransactionsBefore", ...params)).error?.code).toBe(-32602);
    expect((await rig.ask("ots_getBlockTransactions", 3, 0, 101)).error?.code).toBe(-32602);
    expect((await rig.ask("ots_getTransactionBySenderAndNonce", testAddress(0), -1)).error?.code).toBe(-32602);
  });

  it("nothing that is merely unknown: null, or nothing", async () => {
    const nobody = testAddress(9);
    expect(await rig.get("ots_getBlockDetails", 99)).toBeNull();
    expect(await rig.get("ots_getBlockDetailsByHash", keccak256("0x"))).toBeNull();
    expect(await rig.get("ots_getBlockTransactions", 99, 0, 10)).toBeNull();
    expect(await rig.get("ots_traceTransaction", keccak256("0x"))).toBeNull();
    expect(await rig.get("ots_getTransactionError", keccak256("0x"))).toBeNull();
    expect(await rig.get("ots_getInternalOperations", keccak256("0x"))).toEqual([]);
    expect(await rig.get("ots_getContractCreator", nobody)).toBeNull();
    expect(await rig.get("ots_getContractCreator", counterAddress)).toBeNull();
    expect(await rig.get("ots_getTransactionBySenderAndNonce", nobody, 0)).toBeNull();
    expect(await rig.get("ots_getTransactionBySenderAndNonce", testAddress(0), `0x${"f".repeat(64)}`)).toBeNull();
    expect(await search("Before", 0, 10, nobody)).toEqual({ txs: [], receipts: [], firstPage: true, lastPage: true });
  });
});

describe("ots_searchTransactions", () => {
  it("finds an account's transactions backwards, in whole blocks, to the first", async () => {
    const newest = await search("Before", 0, 1);
    expect(hashesOf(newest)).toEqual([bumps[5], bumps[4]]);
    expect([newest.firstPage, newest.lastPage]).toEqual([true, false]);
    const next = await search("Before", 5, 3);
    expect(hashesOf(next)).toEqual([bumps[3], bumps[2], bumps[1], bumps[0]]);
    expect([next.firstPage, next.lastPage]).toEqual([false, true]);
    expect(next.receipts.map(({ transactionHash }) => transactionHash)).toEqual(hashesOf(next));
    expect(next.receipts[0]!.timestamp).toBe(
      Number((await rig.get<{ timestamp: string }>("eth_getBlockByNumber", "0x4", false)).timestamp),
    );
  });

  it("finds them forwards too, and shows the newest first", async () => {
    const oldest = await search("After", 0, 2);
    expect(hashesOf(oldest)).toEqual([bumps[1], bumps[0]]);
    expect([oldest.firstPage, oldest.lastPage]).toEqual([false, true]);
    const rest = await search("After", 3, 100);
    expect(hashesOf(rest)).toEqual([bumps[5], bumps[4], bumps[3], bumps[2]]);
    expect([rest.firstPage, rest.lastPage]).toEqual([true, false]);
  });

  it("finds senders, and who was merely paid or made on the way", async () => {
    expect(hashesOf(await search("Before", 0, 100, testAddress(1)))).toEqual([bumps[5]]);
    expect(hashesOf(await search("Before", 0, 1, testAddress(0)))).toEqual([made, deployed]);
    const operations = await rig.get<{ to: Hex }[]>("ots_getInternalOperations", made);
    expect(hashesOf(await search("Before", 0, 9, operations[0]!.to))).toEqual([made]);
  });

  it("forgets what a dropped block had", async () => {
    const other = await startRpcRig({ alloc: counterAlloc });
    await other.send({ to: counterAddress, data: increment(1n) });
    other.seal();
    const page = () => other.get<Page>("ots_searchTransactionsBefore", counterAddress, 0, 10);
    expect((await page()).txs.length).toBe(1);
    other.chain.dropAbove(1n);
    expect((await page()).txs).toEqual([]);
    await other.stop();
  });
});

describe("ots_", () => {
  it("tells its level and what has code", async () => {
    expect(await rig.get("ots_getApiLevel")).toBe(8);
    expect(await rig.get("ots_hasCode", counterAddress, "latest")).toBe(true);
    expect(await rig.get("ots_hasCode", testAddress(0), "latest")).toBe(false);
    expect(await rig.get("erigon_getHeaderByNumber", 1)).toMatchObject({ number: "0x1" });
  });

  it("tells what a transaction moved and made inside, and its calls", async () => {
    const [created, paid] = await rig.get<{ to: Hex }[]>("ots_getInternalOperations", made);
    expect(created).toEqual({ type: 2, from: FACTORY, to: expect.stringMatching(/^0x[0-9a-f]{40}$/), value: "0x5" });
    expect(paid).toEqual({ type: 0, from: FACTORY, to: testAddress(0), value: "0x2" });
    const calls = await rig.get<{ type: string; depth: number }[]>("ots_traceTransaction", made);
    expect(calls.map(({ type, depth }) => [type, depth])).toEqual([
      ["CALL", 0],
      ["CREATE", 1],
      ["CALL", 1],
    ]);
    expect(await rig.get("ots_getInternalOperations", bumps[5])).toEqual([]);
    expect(await rig.get("ots_getTransactionError", bumps[5])).toMatch(/^0x[0-9a-f]{8}/);
    expect(await rig.get("ots_getTransactionError", bumps[0])).toBe("0x");
  });

  it("tells who made a contract: a key, or a factory", async () => {
    const { contractAddress } = await rig.get<{ contractAddress: Hex }>("eth_getTransactionReceipt", deployed);
    expect(await rig.get("ots_getContractCreator", contractAddress)).toEqual({
      hash: deployed,
      creator: testAddress(0),
    });
    const [{ to }] = await rig.get<[{ to: Hex }]>("ots_getInternalOperations", made);
    expect(await rig.get("ots_getContractCreator", to)).toEqual({ hash: made, creator: FACTORY });
    expect(await rig.get("ots_getTransactionBySenderAndNonce", testAddress(0), 2)).toBe(bumps[2]);
    expect(await rig.get("ots_getTransactionBySenderAndNonce", testAddress(0), "0x5")).toBe(deployed);
  });

  it("tells of blocks by number and hash, and pages through them from their end", async () => {
    const details = await rig.get<{ block: { hash: Hex }; totalFees: Hex }>("ots_getBlockDetails", 3);
    expect(details).toMatchObject({ block: { number: "0x3", transactionCount: 2, logsBloom: null } });
    const receipts = await rig.get<{ gasUsed: string; effectiveGasPrice: string }[]>("eth_getBlockReceipts", "0x3");
    const fees = receipts.reduce((sum, one) => sum + BigInt(one.gasUsed) * BigInt(one.effectiveGasPrice), 0n);
    expect(BigInt(details.totalFees)).toBe(fees);
    expect(await rig.get("ots_getBlockDetailsByHash", details.block.hash)).toEqual(details);
    const page = async (number: number, at: number, size: number) => {
      const { fullblock, receipts: shown } = await rig.get<{
        fullblock: { transactions: { hash: Hex; input: Hex }[] };
        receipts: { logs: null }[];
      }>("ots_getBlockTransactions", number, at, size);
      expect(shown.length).toBe(fullblock.transactions.length);
      for (const { input } of fullblock.transactions) expect(input.length).toBeLessThanOrEqual(10);
      return fullblock.transactions.map(({ hash }) => hash);
    };
    expect(await page(3, 0, 10)).toEqual(bumps.slice(0, 2));
    expect(await page(3, 0, 1)).toEqual([bumps[1]]);
    expect(await page(3, 1, 1)).toEqual([bumps[0]]);
    expect(await page(3, 2, 1)).toEqual([]);
  });
});
