import { encodeFunctionData, type Hex, parseAbi } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counterAbi } from "../../dapp/counter.ts";
import { compile } from "../../support/gas-meter.ts";
import { testAddress } from "../../support/transactions.ts";
import { ETHER } from "../execution/rig.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

const abi = parseAbi(counterAbi);
const COUNTER = `0x${"c0".repeat(20)}` as const;
const NOBODY = `0x${"0d".repeat(20)}` as const;
const increment = (by: bigint): Hex => encodeFunctionData({ abi, functionName: "increment", args: [by] });
const value = encodeFunctionData({ abi, functionName: "value" });
/** Returns the gas it has. */
const GAS_LEFT: Hex = "0x5a5f5260205ff3";

const code = compile("test/dapp/Counter.sol").deployedBytecode;

let rig: RpcRig;
beforeAll(async () => {
  rig = await startRpcRig({
    alloc: { [COUNTER]: { nonce: 1n, code: code } },
  });
  await rig.send({ to: COUNTER, data: increment(5n) });
  rig.seal();
});
afterAll(() => rig.stop());

describe("eth_call", () => {
  it("answers from the state of the block it names", async () => {
    expect(BigInt(await rig.get("eth_call", { to: COUNTER, data: value }, "0x1"))).toBe(0n);
    expect(BigInt(await rig.get("eth_call", { to: COUNTER, input: value }, "latest"))).toBe(5n);
    expect(BigInt(await rig.get("eth_getStorageAt", COUNTER, "0x0", "latest"))).toBe(5n);
    expect(await rig.get("eth_getCode", COUNTER, "latest")).toBe(code);
    expect(await rig.get("eth_getCode", NOBODY, "latest")).toBe("0x");
    expect(await rig.get("eth_call", { to: NOBODY, data: "0x1234" })).toBe("0x");
  });

  it("changes nothing", async () => {
    await rig.get("eth_call", { to: COUNTER, data: increment(5n) });
    expect(BigInt(await rig.get("eth_call", { to: COUNTER, data: value }))).toBe(5n);
  });

  it.each([
    ["increment", [101n], "execution reverted"],
    ["deny", ["because"], "execution reverted: because"],
    ["panic", [0n], "execution reverted: division or modulo by zero"],
  ] as const)("of %s reverts with code 3, words and data", async (functionName, args, message) => {
    const data = encodeFunctionData({ abi, functionName, args } as never);
    const { error } = await rig.ask("eth_call", { to: COUNTER, data });
    expect(error).toMatchObject({ code: 3, message });
    expect(error?.data).toMatch(/^0x[0-9a-f]{8}/);
    expect((await rig.ask("eth_estimateGas", { to: COUNTER, data })).error).toEqual(error);
  });

  it("that halts is an error without data", async () => {
    const data = encodeFunctionData({ abi, functionName: "spin" });
    expect((await rig.ask("eth_call", { to: COUNTER, data, gas: "0x186a0" })).error).toEqual({
      code: -32000,
      message: "out of gas",
    });
    const rich = { from: NOBODY, to: COUNTER, value: "0x1", data: increment(1n) };
    const words = "insufficient funds for gas * price + value: has 0 wei, value 1 wei; prepaid gas pays fees only";
    expect((await rig.ask("eth_call", rich)).error?.message).toBe(words);
    expect((await rig.ask("eth_estimateGas", rich)).error?.message).toBe(words);
  });

  it("uses no more gas than the node allows, whatever it names", async () => {
    const left = async (gas?: Hex) =>
      BigInt(await rig.get("eth_call", { to: NOBODY, gas }, "latest", { [NOBODY]: { code: GAS_LEFT } }));
    expect(await left("0x186a0")).toBeLessThan(100_000n);
    for (const gas of [undefined, "0x174876e800", `0x${"f".repeat(64)}`] as const) {
      expect(await left(gas)).toBeLessThan(50_000_000n);
      expect(await left(gas)).toBeGreaterThan(49_000_000n);
    }
  });

  it("sees overridden balances, nonces, code and slots", async () => {
    const slot = { [`0x${"0".repeat(64)}`]: `0x${"0".repeat(62)}2a` };
    const overridden = await rig.get("eth_call", { to: COUNTER, data: value }, "latest", {
      [COUNTER]: { stateDiff: slot },
    });
    expect(BigInt(overridden)).toBe(42n);
    const request = { from: NOBODY, to: COUNTER, value: "0x1", data: increment(1n) };
    expect(await rig.get("eth_call", request, "latest", { [NOBODY]: { balance: "0x1", nonce: "0x7" } })).toBe("0x");
    expect(await rig.get("eth_estimateGas", request, "latest", { [NOBODY]: { balance: "0x1" } })).toMatch(/^0x/);
  });

  it("creates where it names nobody, and gives the created code", async () => {
    expect(await rig.get("eth_call", { data: `0x6001600c60003960016000f3${GAS_LEFT.slice(2)}` })).toBe("0x5a");
  });
});

describe("eth_createAccessList", () => {
  it("names what the call touches", async () => {
    const list = await rig.get<{ accessList: unknown }>("eth_createAccessList", { to: COUNTER, data: increment(1n) });
    expect(list.accessList).toEqual([{ address: COUNTER, storageKeys: [`0x${"0".repeat(64)}`] }]);
    const failed = await rig.get<{ error: string }>("eth_createAccessList", { to: COUNTER, data: increment(101n) });
    expect(failed.error).toBe("execution reverted");
  });
});

describe("eth_estimateGas", () => {
  it("needs no price and no sender, and knows creations", async () => {
    const plain = BigInt(await rig.get("eth_estimateGas", { to: testAddress(3), value: "0x0" }));
    expect(plain).toBeGreaterThan(21_000n);
    const creation = BigInt(await rig.get("eth_estimateGas", { from: testAddress(0), data: `0x${"00".repeat(1000)}` }));
    expect(creation).toBeGreaterThan(plain + 32_000n);
    const value = `0x${(ETHER / 2n).toString(16)}`;
    expect(await rig.get("eth_estimateGas", { from: testAddress(0), to: testAddress(3), value })).toMatch(/^0x/);
  });
});
