import { concatHex, encodeFunctionData, type Hex } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { intrinsicGas } from "../../../l2-node/ledger/gas.ts";
import { testAddress } from "../../support/transactions.ts";
import { inferCall, makeRig, modelOf, type Rig, testJob, trainCall } from "./rig.ts";

const MAX_BYTES = 131_072;
const bytes = (count: number, byte = "11"): Hex => `0x${byte.repeat(count)}`;
const read = (functionName: "ready", args: [Hex]) => encodeFunctionData({ abi: dnnAbi, functionName, args });
/** The copied data go through CALL, STATICCALL or DELEGATECALL with all the gas there is; stores the gas it used. */
const SPENDER = `0x${"d0".repeat(20)}` as const;
const spender = (opcode: "f1" | "fa" | "f4"): Hex =>
  concatHex([
    "0x365f5f37", // calldatacopy(0, 0, calldatasize)
    "0x5a", // gas before
    "0x5f5f365f", // out, calldatasize, 0
    opcode === "f1" ? "0x5f" : "0x",
    "0x73",
    DNN_ADDRESS,
    "0x5a",
    `0x${opcode}`,
    "0x50", // dropped: whether it succeeded
    "0x5a90035f52", // mstore(0, before − gas)
    "0x60205ff3",
  ]);
/** What stands around the call: 100 for a warm address, and the opcodes between the two GAS. */
const AROUND = { f1: 2 + 2 + 2 + 2 + 2 + 3 + 2 + 100 + 2 + 2, fa: 2 + 2 + 2 + 2 + 3 + 2 + 100 + 2 + 2 } as const;

let rig: Rig;
beforeAll(() => {
  rig = makeRig();
  rig.deliver();
});
afterAll(() => rig.execution.close());

/** A call of the precompile itself, with that much gas for it. */
const direct = async (data: Hex, gas: bigint) => {
  const { status, gasUsed } = await rig.execution.call(
    { from: testAddress(0), to: DNN_ADDRESS, data, gasLimit: gas + intrinsic(data) },
    "latest",
  );
  return { status, gas: gasUsed - intrinsic(data) };
};
const intrinsic = (data: Hex) =>
  intrinsicGas({ to: DNN_ADDRESS, data: Buffer.from(data.slice(2), "hex"), accessList: [] } as never);

describe("a call of DNN", () => {
  test.each<[string, Hex, bigint]>([
    ["no data", "0x", 2_600n],
    ["a byte", "0x00", 2_616n],
    ["a selector that is none", bytes(32), 2_616n],
    ["a word and a byte", bytes(33), 2_632n],
    ["a selector without its arguments", trainCall(testJob(SPENDER)).slice(0, 10) as Hex, 2_616n],
    ["an infer whose input lies outside of it", inferCall(bytes(32), "0x").slice(0, -64) as Hex, 2_600n + 48n],
    ["as much as there may be", bytes(MAX_BYTES), 2_600n + 65_536n],
  ])("that is none (%s) pays for its length before it is looked at", async (_, data, gas) => {
    expect(await direct(data, gas + 100_000n)).toEqual({ status: "revert", gas });
    expect(await direct(data, gas)).toEqual({ status: "revert", gas });
    expect(await direct(data, gas - 1n)).toEqual({ status: "halt", gas: gas - 1n });
  });

  test("longer than anything it could mean takes all its gas", async () => {
    expect(await direct(bytes(MAX_BYTES + 1), 1_000_000n)).toEqual({ status: "halt", gas: 1_000_000n });
  });

  test("pays its function's price and that of its words, behind which there may be anything", async () => {
    const ready = read("ready", [modelOf(testJob(SPENDER))]);
    expect(await direct(ready, 10_000n)).toEqual({ status: "success", gas: 2_600n + 32n });
    expect(await direct(concatHex([ready, bytes(1000)]), 10_000n)).toEqual({ status: "success", gas: 2_600n + 528n });
    expect(await direct(ready, 2_632n)).toEqual({ status: "success", gas: 2_632n });
    expect(await direct(ready, 2_631n)).toEqual({ status: "halt", gas: 2_631n });
    const quote = encodeFunctionData({ abi: dnnAbi, functionName: "quote", args: [testJob(SPENDER)] });
    expect(await direct(quote, 5_000n)).toMatchObject({ status: "halt" });
    expect((await direct(quote, 6_000n)).status).toBe("success");
    // UnknownModel, found out only after the input's words were paid.
    const infer = inferCall(bytes(32), bytes(320));
    expect(await direct(infer, 20_000n)).toEqual({ status: "revert", gas: 10_000n + 16n * 14n });
  });

  test("by DELEGATECALL costs as much as one that is none, and by CALL no more than by STATICCALL", async () => {
    const data = read("ready", [modelOf(testJob(SPENDER))]);
    const spent = async (opcode: "f1" | "fa" | "f4") => {
      const overrides = { [SPENDER]: { code: spender(opcode) } };
      const { output } = await rig.execution.call({ from: testAddress(0), to: SPENDER, data }, "latest", overrides);
      return BigInt(output);
    };
    expect(await spent("f1")).toBe(2_632n + BigInt(AROUND.f1));
    expect(await spent("fa")).toBe(2_632n + BigInt(AROUND.fa));
    expect(await spent("f4")).toBe(2_632n + BigInt(AROUND.fa));
  });
});
