import { afterEach, describe, expect, test } from "vitest";
import { LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { CallFailedError, UnknownBlockError } from "../../../l2-node/execution/errors.ts";
import { encodeLedgerMessage } from "../../../l2-node/ledger/ledger-message.ts";
import { testAddress } from "../../support/transactions.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, type Rig } from "./rig.ts";

let rig: Rig;
afterEach(() => rig.execution.close());

describe("plain transactions", () => {
  test("transfer of value that is not there fails and still costs its fee", async () => {
    rig = makeRig();
    rig.deliver(gasDeposit(0));
    const hash = await rig.send({ to: testAddress(1), value: 1n });
    rig.seal();
    const receipt = await rig.execution.receipt(hash);
    expect(receipt).toMatchObject({
      status: "failed",
      error: "insufficient balance for value: has 0 wei, value 1 wei",
      gasUsed: 50_000n,
    });
    expect(await rig.execution.account(testAddress(0), "latest")).toMatchObject({ nonce: 1n, balanceWei: 0n });
    expect(await rig.execution.credit(testAddress(0), "latest")).toBe(50_000n * receipt!.effectiveGasPrice);
  });

  test("transfer moves value, unused gas becomes credit, tip and base fee go where they belong", async () => {
    rig = makeRig();
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const hash = await rig.send({ to: testAddress(1), value: 5n, gas: 30_000n });
    const block = rig.seal();
    const receipt = (await rig.execution.receipt(hash))!;
    expect(receipt.status).toBe("success");
    const outcome = block.transactions[0]!.outcome;
    if (outcome.status !== "included") throw new Error("skipped");
    expect(receipt.gasUsed).toBe(21_000n + outcome.dataGas);
    expect((await rig.execution.account(testAddress(1), "latest")).balanceWei).toBe(5n);
    expect((await rig.execution.account(testAddress(0), "latest")).balanceWei).toBe(ETHER - 5n);
    const { baseFeeWei } = block.header;
    expect(await rig.execution.credit(rig.file.sequencer, "latest")).toBe(21_000n * (outcome.priceWei - baseFeeWei));
    expect(await rig.execution.accountantFeesWei("latest")).toBe(21_000n * baseFeeWei);
    expect(await rig.execution.status(hash)).toEqual({ state: "final", blockNumber: 2n });
  });

  test("ledger message moves prepaid gas into the balance", async () => {
    rig = makeRig();
    rig.deliver(gasDeposit(0));
    const data = encodeLedgerMessage({ kind: "toBalance", amountWei: 12_345n });
    const hash = await rig.send({ to: LEDGER_ADDRESS, data });
    rig.seal();
    expect((await rig.execution.receipt(hash))!.status).toBe("success");
    expect((await rig.execution.account(testAddress(0), "latest")).balanceWei).toBe(12_345n);
  });

  test("creation, call, revert, logs and storage", async () => {
    rig = makeRig();
    rig.deliver(gasDeposit(0));
    // runtime: if calldatasize == 0 revert(0, 0); sstore(0, calldataload(0)); log1(0, 0, 7)
    const runtime = "3615601357600035600055600760006000a1005b600080fd";
    const create = await rig.send({ to: null, data: `0x601880600b6000396000f3${runtime}`, gas: 200_000n });
    rig.seal();
    const { contractAddress } = (await rig.execution.receipt(create))!;
    expect(await rig.execution.code(contractAddress!, "latest")).toBe(`0x${runtime}`);

    const set = await rig.send({ to: contractAddress, data: `0x${"00".repeat(31)}2a`, gas: 200_000n });
    const fails = await rig.send({ to: contractAddress, gas: 200_000n });
    rig.seal();
    expect((await rig.execution.receipt(set))!.logs).toMatchObject([
      { topics: [`0x${"00".repeat(31)}07`], logIndex: 0 },
    ]);
    expect((await rig.execution.receipt(fails))!.status).toBe("failed");
    expect(BigInt(await rig.execution.storage(contractAddress!, "0x00", "latest"))).toBe(42n);
    expect(BigInt(await rig.execution.storage(contractAddress!, "0x00", 2n))).toBe(0n);
    const logs = await rig.execution.logs({ fromBlock: 0n, toBlock: 3n, addresses: [contractAddress!] });
    expect(logs.map((log) => log.transactionHash)).toEqual([set]);

    const request = { from: testAddress(0), to: contractAddress!, data: "0x01" } as const;
    const gas = await rig.execution.estimateGas(request, "latest");
    expect(gas).toBeGreaterThan(26_000n);
    expect((await rig.execution.call({ ...request, gasLimit: gas }, "latest")).status).toBe("success");
    expect((await rig.execution.call({ ...request, gasLimit: gas - gas / 32n }, "latest")).status).toBe("halt");
    await expect(rig.execution.estimateGas({ to: contractAddress! }, "latest")).rejects.toThrow(CallFailedError);
    expect(await rig.execution.createAccessList(request, "latest")).toMatchObject({
      accessList: [{ address: contractAddress, storageKeys: [`0x${"00".repeat(32)}`] }],
    });
  });

  test.each([
    // keccak256 over the bytes before the size; a call of the identity precompile with as many
    { name: "KECCAK256", code: (size: string) => `63${size}60002000`, bytes: 131_072 },
    { name: "LOG0", code: (size: string) => `63${size}6000a000`, bytes: 131_072 },
    {
      name: "a precompile's input",
      code: (size: string) => `6000600063${size}600060045afa15601457005bfe`,
      bytes: 131_072,
    },
  ])("$name takes 128 KiB and not a byte more", async ({ code, bytes }) => {
    rig = makeRig();
    const run = async (length: number) => {
      const runtime = `0x${code(length.toString(16).padStart(8, "0"))}` as const;
      const to = testAddress(5);
      return (await rig.execution.call({ to }, "latest", { [to]: { code: runtime } })).status;
    };
    expect(await run(bytes)).toBe("success");
    expect(await run(bytes + 1)).toBe("halt");
  });

  test("a node nobody asks executes nothing; blocks above the head are unknown", async () => {
    rig = makeRig();
    rig.deliver(gasDeposit(0));
    await rig.send({ to: testAddress(1) });
    rig.seal();
    expect(rig.execution.executedNumber()).toBe(0n);
    await expect(rig.execution.account(testAddress(1), 3n)).rejects.toThrow(UnknownBlockError);
    expect(await rig.execution.executeTo("latest")).toBe(2n);
  });
});
