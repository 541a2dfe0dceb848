import { getAddress, type Hex, parseTransaction } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counterAddress, counterAlloc, increment } from "../../dapp/counter.ts";
import { testAccount, testAddress } from "../../support/transactions.ts";
import { gasDeposit } from "../execution/rig.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

let rig: RpcRig;
let hashes: Hex[];
beforeAll(async () => {
  rig = await startRpcRig({ alloc: counterAlloc });
  rig.deliver(gasDeposit(1));
  hashes = [
    await rig.send({ to: testAddress(2), value: 1n }),
    await rig.send({ to: null, data: "0x00", gas: 200_000n }),
    await rig.send({ key: 1, nonce: 3 }),
  ];
});
afterAll(async () => {
  expect(rig.faults).toEqual([]);
  await rig.stop();
});

describe("txpool_", () => {
  it("is not there on a replica", async () => {
    const replica = await startRpcRig({ context: { mempool: undefined } });
    for (const name of ["txpool_status", "txpool_content", "txpool_inspect"])
      expect((await replica.ask(name)).error?.code).toBe(-32004);
    expect((await replica.ask("txpool_contentFrom", testAddress(0))).error?.code).toBe(-32004);
    await replica.stop();
  });

  it("tells apart what can go and what misses a nonce", async () => {
    expect(await rig.get("txpool_status")).toEqual({ pending: "0x2", queued: "0x1" });
    const [first, second] = [getAddress(testAddress(0)), getAddress(testAddress(1))];
    expect(await rig.get("txpool_content")).toMatchObject({
      pending: { [first]: { 0: { hash: hashes[0], blockHash: null }, 1: { hash: hashes[1], to: null } } },
      queued: { [second]: { 3: { hash: hashes[2] } } },
    });
    expect(await rig.get("txpool_inspect")).toEqual({
      pending: {
        [first]: {
          0: `${testAddress(2)}: 1 wei + 100000 gas × 10000000000 wei`,
          1: "contract creation: 0 wei + 200000 gas × 10000000000 wei",
        },
      },
      queued: { [second]: { 3: expect.stringContaining("0 wei + 100000 gas") } },
    });
    expect(await rig.get("txpool_contentFrom", testAddress(1))).toMatchObject({ pending: {}, queued: { 3: {} } });
    expect(await rig.get("txpool_contentFrom", testAddress(3))).toEqual({ pending: {}, queued: {} });
  });
});

describe("eth_fillTransaction", () => {
  const fill = (request: object) => rig.get<{ raw: Hex; tx: Record<string, Hex> }>("eth_fillTransaction", request);

  it("needs a sender, and says why a call cannot be", async () => {
    expect((await rig.ask("eth_fillTransaction", { to: testAddress(2) })).error?.code).toBe(-32602);
    const bad = { from: testAddress(0), to: counterAddress, data: increment(101n) };
    expect((await rig.ask("eth_fillTransaction", bad)).error?.code).toBe(3);
    const rich = { from: testAddress(4), to: testAddress(0), value: "0x1" };
    expect((await rig.ask("eth_fillTransaction", rich)).error?.message).toContain("insufficient funds");
    const setCode = { from: testAddress(0), authorizationList: [] };
    expect((await rig.ask("eth_fillTransaction", setCode)).error?.code).toBe(-32004);
  });

  it("gives what, signed, is accepted and executes: every type", async () => {
    rig.seal();
    const access = [{ address: counterAddress, storageKeys: [] }];
    for (const extra of [
      {},
      { gasPrice: "0x77359400" },
      { gasPrice: "0x77359400", accessList: access },
      { accessList: access },
    ]) {
      const { raw, tx } = await fill({ from: testAddress(0), to: counterAddress, data: increment(1n), ...extra });
      const unsigned = parseTransaction(raw);
      expect(unsigned.nonce ?? 0).toBe(Number(tx.nonce));
      const {
        r: _,
        s: __,
        v: ___,
        yParity: ____,
        ...fields
      } = unsigned as typeof unsigned & { r?: Hex; s?: Hex; v?: bigint; yParity?: number };
      const signed = await testAccount(0).signTransaction({ ...fields, chainId: 4141 } as never);
      const hash = await rig.get("eth_sendRawTransaction", signed);
      rig.seal();
      expect(await rig.get("eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1", type: tx.type });
    }
  });

  it("keeps what it is given", async () => {
    const given = { nonce: "0x63", gas: "0x30d40", maxFeePerGas: "0x12a05f200", maxPriorityFeePerGas: "0x1" };
    const { tx } = await fill({ from: testAddress(0), to: testAddress(1), ...given });
    expect(tx).toMatchObject({ ...given, type: "0x2", chainId: "0x102d" });
  });
});

describe("many slots at once", () => {
  it("are read at one block, and bounded", async () => {
    const slot = `0x${"0".repeat(64)}`;
    expect(await rig.get("eth_getStorageValues", { [counterAddress]: [slot, "0x1"] }, "0x0")).toEqual({
      [counterAddress]: [slot, slot],
    });
    for (const asked of [{}, { a: [] }, { [counterAddress]: [1] }, { [counterAddress]: Array(1025).fill("0x0") }])
      expect((await rig.ask("eth_getStorageValues", asked)).error?.code).toBe(-32602);
  });
});
