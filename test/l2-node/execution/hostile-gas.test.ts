// Gas that is named and not used, or used up out of spite; transactions that end badly after they waited.
import { concatHex, getContractAddress, type Hex, numberToHex, size, toHex } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { MAX_TRANSACTION_GAS } from "../../../common/gas.ts";
import { inferId } from "../../../common/job.ts";
import { PARK_GAS } from "../../../l2-node/execution/dnn-gas.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAccount, testAddress } from "../../support/transactions.ts";
import { claimedSoft } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, inferCall, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const INPUT: Hex = "0x00010203";
const GAS = 400_000n;
const FLOOR_WEI = 1_000_000n;

let rig: Rig;
afterEach(() => rig.execution.close());

describe("gas limits that nobody uses", () => {
  test("pump the base fee for no less than half of what using the gas costs, and keep out nobody who tips more", async () => {
    rig = makeRig();
    const depositWei = 10n * ETHER;
    rig.deliver(gasDeposit(0, depositWei), gasDeposit(1));
    let stuffedWei = 0n;
    let baseFeeWei = 0n;
    for (let i = 0; i < 12; i++) {
      // Three of these leave no room for a fourth: 50 of 60 million gas, 21,000 of each used.
      for (let j = 0; j < 4; j++) await rig.send({ key: 0, gas: MAX_TRANSACTION_GAS, maxPriorityFeePerGas: 0n });
      const honest = await rig.send({ key: 1, gas: 30_000n, maxPriorityFeePerGas: 1n });
      const { header } = rig.seal();
      expect(header.gasUsed).toBe(3n * MAX_TRANSACTION_GAS + 30_000n);
      expect(await rig.execution.receipt(honest)).toMatchObject({ blockNumber: header.number });
      expect(header.baseFeeWei).toBeGreaterThan(baseFeeWei);
      baseFeeWei = header.baseFeeWei;
      stuffedWei += (3n * MAX_TRANSACTION_GAS * baseFeeWei) / 2n;
    }
    expect(baseFeeWei).toBeGreaterThan(2n * FLOOR_WEI);

    // All that came back is credit; what waits in the pool has paid nothing yet.
    const attacker = testAddress(0);
    const keptWei =
      rig.chain.store.blocks.account(attacker).prepaidWei + (await rig.execution.credit(attacker, "latest"));
    expect(depositWei - keptWei).toBeGreaterThanOrEqual(stuffedWei);
    expect(await rig.execution.accountantFeesWei("latest")).toBeGreaterThan((stuffedWei * 99n) / 100n);
  });

  test("leave no trace once they end: the base fee is back at its floor some blocks later", async () => {
    rig = makeRig();
    rig.deliver(gasDeposit(0));
    for (let i = 0; i < 15; i++) await rig.send({ gas: MAX_TRANSACTION_GAS });
    for (let i = 0; i < 5; i++) expect(rig.seal().header.gasUsed).toBe(3n * MAX_TRANSACTION_GAS);
    expect(rig.deliver().header.baseFeeWei).toBeGreaterThan((14n * FLOOR_WEI) / 10n);
    for (let i = 0; i < 4; i++) rig.deliver();
    expect(rig.chain.head().header.baseFeeWei).toBe(FLOOR_WEI);
  });
});

describe("a creation whose value its sender does not have", () => {
  test("creates nothing, and its nonce is used: the next creation has the next address", async () => {
    rig = makeRig();
    rig.deliver(gasDeposit(0));
    const creation = { to: null, data: "0x60fe5f5360015ff3" as Hex, gas: GAS }; // one byte of code: fe
    const unpaid = await rig.send({ ...creation, value: 1n });
    const free = await rig.send(creation);
    rig.seal();
    const at = (nonce: bigint) => getContractAddress({ from: testAddress(0), nonce });
    expect(await rig.execution.receipt(unpaid)).toMatchObject({ status: "failed" });
    expect(await rig.execution.code(at(0n), "latest")).toBe("0x");
    expect(await rig.execution.receipt(free)).toMatchObject({ status: "success" });
    expect(await rig.execution.code(at(1n), "latest")).toBe("0xfe");
    expect(rig.chain.store.blocks.account(testAddress(0)).nonce).toBe(2n);
    expect((await rig.execution.account(testAddress(0), "latest")).nonce).toBe(2n);
  });
});

/** Code, or init code, that asks the model and then runs `end`. */
function askThen(question: Hex, end: Hex): Hex {
  const length = numberToHex(size(question), { size: 2 });
  const code = (offset: number): Hex =>
    concatHex([
      concatHex(["0x61", length, "0x61", numberToHex(offset, { size: 2 }), "0x5f39"]), // codecopy(0, offset, length)
      concatHex(["0x5f5f61", length, "0x5f5f73", DNN_ADDRESS, "0x5af150"]), // call(gas, DNN, 0, 0, length, 0, 0)
      end,
      question,
    ]);
  return code(size(code(0)) - size(question));
}

/** Code that asks one thing after the other, without end: the first byte of the input counts. */
function askForever(question: Hex): Hex {
  const length = numberToHex(size(question), { size: 2 });
  const code = (offset: number): Hex =>
    concatHex([
      concatHex(["0x61", length, "0x61", numberToHex(offset, { size: 2 }), "0x5f39"]), // codecopy(0, offset, length)
      "0x5f5b80606453", // i = 0; at 9: mstore8(100, i)
      concatHex(["0x5f5f61", length, "0x5f5f73", DNN_ADDRESS, "0x5af150"]), // call(gas, DNN, 0, 0, length, 0, 0)
      "0x600101600956", // i = i + 1; to 9
      question,
    ]);
  return code(size(code(0)) - size(question));
}

async function withModel(codeOf?: (question: Hex) => Hex) {
  const job = testJob(FORCER);
  const model = modelOf(job);
  const question = inferCall(model, INPUT);
  const alloc = codeOf ? { [HOSTILE]: { nonce: 1n, code: codeOf(question) } } : {};
  rig = makeRig({ alloc: { ...forcers, ...alloc } });
  rig.deliver(gasDeposit(0), ethDeposit(0));
  await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
  rig.seal();
  return { id: inferId(model, tensorRoot(bytesOfHex(INPUT))), question, ask: forcerCall("infer", model, INPUT) };
}
const HOSTILE: Hex = `0x${"f7".repeat(20)}`;
const SELFDESTRUCT_TO_CALLER: Hex = "0x33ff";

describe("a result in the block that asks for it", () => {
  test("is there: nothing parks, nothing is demanded", async () => {
    const { id, ask } = await withModel();
    rig.mine(claimedSoft(id));
    const hash = await rig.send({ to: FORCER, data: ask, gas: GAS });
    const { number } = rig.seal().header;
    expect(await rig.execution.receipt(hash)).toMatchObject({ status: "success", blockNumber: number });
    expect(await rig.execution.demands()).toEqual([]);
    expect(await rig.execution.uncertainty({ transaction: hash })).toHaveLength(1);
  });
});

describe("a transaction that waited and", () => {
  test("destroys the contract it creates leaves none, and its value with its sender", async () => {
    const { id, question } = await withModel();
    const data = askThen(question, SELFDESTRUCT_TO_CALLER);
    const nonce = rig.chain.store.blocks.account(testAddress(0)).nonce;
    const before = (await rig.execution.account(testAddress(0), "latest")).balanceWei;
    const hash = await rig.send({ to: null, data, value: 5n, gas: GAS });
    rig.seal();
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked", id });
    rig.deliver(claimedSoft(id));
    expect(await rig.execution.receipt(hash)).toMatchObject({ status: "success" });
    const created = getContractAddress({ from: testAccount(0).address, nonce });
    expect(await rig.execution.account(created, "latest")).toMatchObject({ nonce: 0n, balanceWei: 0n });
    expect(await rig.execution.code(created, "latest")).toBe("0x");
    expect((await rig.execution.account(testAddress(0), "latest")).balanceWei).toBe(before);
  });

  test("destroys its contract moves its balance; the contract and who waits behind it stay", async () => {
    const { id, ask } = await withModel((question) => askThen(question, SELFDESTRUCT_TO_CALLER));
    const destroys = await rig.send({ to: HOSTILE, value: 5n, gas: GAS });
    const again = await rig.send({ to: HOSTILE, value: 7n, gas: GAS });
    const behind = await rig.send({ to: FORCER, data: ask, gas: GAS });
    rig.seal();
    rig.deliver(claimedSoft(id));
    for (const hash of [destroys, again, behind])
      expect(await rig.execution.receipt(hash)).toMatchObject({ status: "success" });
    expect((await rig.execution.account(HOSTILE, "latest")).balanceWei).toBe(0n);
    expect(size(await rig.execution.code(HOSTILE, "latest"))).toBeGreaterThan(0);
  });

  test("burns all its gas pays for all of it, and holds up nobody behind it", async () => {
    const { id, ask } = await withModel((question) => askThen(question, toHex(Uint8Array.of(0xfe))));
    const drains = await rig.send({ to: HOSTILE, gas: MAX_TRANSACTION_GAS });
    const behind = await rig.send({ to: FORCER, data: ask, gas: GAS });
    rig.seal();
    expect(await rig.execution.status(drains)).toMatchObject({ state: "parked", id });
    const creditWei = await rig.execution.credit(testAddress(0), "latest");
    const { number } = rig.deliver(claimedSoft(id)).header;
    const [first, second] = await Promise.all([drains, behind].map((hash) => rig.execution.receipt(hash)));
    expect(first).toMatchObject({ status: "failed", gasUsed: MAX_TRANSACTION_GAS, blockNumber: number });
    expect(second).toMatchObject({ status: "success", blockNumber: number });
    const refundWei = (await rig.execution.credit(testAddress(0), "latest")) - creditWei;
    expect(refundWei).toBe((GAS - second!.gasUsed) * second!.effectiveGasPrice);
  });

  test("forces id after id ends when its gas does, which no attempt gets for nothing", async () => {
    await withModel(askForever);
    const gas = 1_000_000n;
    const bomb = await rig.send({ to: HOSTILE, gas });
    rig.seal();
    const forced: Hex[] = [];
    for (let status = await rig.execution.status(bomb); status?.state === "parked"; ) {
      forced.push(status.id);
      rig.deliver(claimedSoft(status.id));
      status = await rig.execution.status(bomb);
    }
    expect(new Set(forced).size).toBe(forced.length);
    expect(forced.length).toBeGreaterThan(3);
    // The n-th attempt runs the n calls before it again: n·PARK_GAS + n²/2 calls of 10,000 gas fit into what it named.
    const attempts = BigInt(forced.length);
    expect(attempts * PARK_GAS + ((attempts * (attempts + 1n)) / 2n) * 10_000n).toBeLessThan(gas);
    expect(await rig.execution.receipt(bomb)).toMatchObject({ status: "failed", gasUsed: gas });
  });
});
