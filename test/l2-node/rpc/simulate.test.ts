import { encodeFunctionData, type Hex, parseAbi, toHex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counterAbi, counterAddress, counterAlloc, increment } from "../../dapp/counter.ts";
import { testAddress } from "../../support/transactions.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

const value = encodeFunctionData({ abi: parseAbi(counterAbi), functionName: "value" });
type Call = {
  status: string;
  returnData: Hex;
  gasUsed: string;
  logs: { address: string; logIndex: string }[];
  error?: object;
};
type Block = {
  number: string;
  timestamp: string;
  hash: string;
  parentHash: string;
  calls: Call[];
  transactions: unknown[];
};

let rig: RpcRig;
beforeAll(async () => {
  rig = await startRpcRig({ alloc: counterAlloc });
});
afterAll(async () => {
  expect(rig.faults).toEqual([]);
  await rig.stop();
});
const simulate = (blockStateCalls: object[], options: object = {}) =>
  rig.get<Block[]>("eth_simulateV1", { blockStateCalls, ...options }, "latest");
const refusal = async (blockStateCalls: unknown, options: object = {}) =>
  (await rig.ask("eth_simulateV1", { blockStateCalls, ...options })).error?.code;

describe("eth_simulateV1 refuses", () => {
  it("what is malformed, and more than it will do", async () => {
    for (const params of [[], {}, [{ calls: {} }], [{ calls: [{ to: 1 }] }], [{ stateOverrides: { a: {} } }]])
      expect(await refusal(params)).toBe(-32602);
    expect(await refusal([{ calls: Array.from({ length: 1001 }, () => ({})) }])).toBe(-32602);
    expect(await refusal([{ blockOverrides: { number: "0x102" } }])).toBe(-38026);
    expect(await refusal([{ blockOverrides: { number: `0x${"f".repeat(64)}` } }])).toBe(-38026);
    const both = { [counterAddress]: { state: {}, stateDiff: {} } };
    expect(await refusal([{ stateOverrides: both }])).toBe(-32602);
  });

  it("blocks that run backwards", async () => {
    expect(await refusal([{ blockOverrides: { number: "0x5" } }, { blockOverrides: { number: "0x5" } }])).toBe(-38020);
    expect(await refusal([{ blockOverrides: { time: "0x1" } }])).toBe(-38021);
  });

  it("transactions that could not begin", async () => {
    const call = (fields: object) => [{ calls: [{ from: testAddress(0), to: counterAddress, ...fields }] }];
    expect(await refusal(call({ gas: "0x10" }))).toBe(-38013);
    expect(await refusal(call({ from: testAddress(7), value: "0x1" }))).toBe(-38014);
    expect(await refusal(call({ gas: "0xffffffff" }))).toBe(-38015);
    expect(await refusal(call({ nonce: "0x9" }), { validation: true })).toBe(-38011);
    expect(await refusal(call({}), { validation: true })).toBe(-38012);
    const poor = { from: testAddress(7), maxFeePerGas: toHex(10n ** 9n), gas: "0x5208" };
    expect(await refusal(call(poor), { validation: true })).toBe(-38014);
    expect(await refusal([{ stateOverrides: { [counterAddress]: { movePrecompileToAddress: testAddress(1) } } }])).toBe(
      -32000,
    );
  });

  it("to run for longer than all calls together may", async () => {
    // INVALID takes all the gas there is.
    const spin = { [testAddress(8)]: { code: "0xfe" } };
    const calls = [{ to: testAddress(8) }, { to: testAddress(8) }];
    expect(await refusal([{ stateOverrides: spin, calls }])).toBe(-38013);
  });
});

describe("eth_simulateV1", () => {
  it("runs calls on what the ones before left, through blocks that follow each other", async () => {
    const call = { from: testAddress(0), to: counterAddress };
    const bump = (by: bigint) => ({ ...call, input: increment(by) });
    const blocks = await simulate([{ calls: [bump(2n), bump(3n)] }, {}, { calls: [{ ...call, input: value }] }]);
    expect(blocks.map(({ number }) => Number(number))).toEqual([2, 3, 4]);
    expect(blocks[1]!.parentHash).toBe(blocks[0]!.hash);
    expect(Number(blocks[2]!.timestamp) - Number(blocks[0]!.timestamp)).toBe(24);
    expect(blocks[0]!.calls.map(({ status, logs }) => [status, logs.map(({ logIndex }) => logIndex)])).toEqual([
      ["0x1", ["0x0"]],
      ["0x1", ["0x1"]],
    ]);
    expect(BigInt(blocks[2]!.calls[0]!.returnData)).toBe(5n);
    expect(BigInt(await rig.get("eth_call", { to: counterAddress, data: value }))).toBe(0n);
  });

  it("tells what failed, and goes on", async () => {
    const spin = encodeFunctionData({ abi: parseAbi(counterAbi), functionName: "spin" });
    const to = counterAddress;
    const [block] = await simulate([
      {
        calls: [
          { to, input: increment(101n) },
          { to, input: spin, gas: "0x186a0" },
          { to, input: value },
        ],
      },
    ]);
    expect(block!.calls.map(({ status, error }) => [status, error])).toEqual([
      ["0x0", { code: 3, message: "execution reverted", data: expect.stringMatching(/^0x/) }],
      ["0x0", { code: -32015, message: "out of gas" }],
      ["0x1", undefined],
    ]);
    expect(block!.calls[1]!.gasUsed).toBe("0x186a0");
  });

  it("replaces state for a block and all that follow, and moves precompiles", async () => {
    const slot = `0x${"0".repeat(64)}`;
    const word = (n: number) => `0x${n.toString(16).padStart(64, "0")}`;
    const read = { calls: [{ to: counterAddress, input: value }] };
    const blocks = await simulate([
      { ...read, stateOverrides: { [counterAddress]: { stateDiff: { [slot]: word(9) } } } },
      read,
      { ...read, stateOverrides: { [counterAddress]: { state: { [word(1)]: word(1) } } } },
      {
        stateOverrides: { [`0x${"0".repeat(39)}2`]: { movePrecompileToAddress: testAddress(5) } },
        calls: [
          { to: testAddress(5), input: "0x1234" },
          { to: `0x${"0".repeat(39)}2`, input: "0x1234" },
        ],
      },
    ]);
    expect(blocks.slice(0, 3).map(({ calls }) => BigInt(calls[0]!.returnData))).toEqual([9n, 9n, 0n]);
    const sha = "0x3a103a4e5729ad68c02a678ae39accfbc0ae208096437401b7ceab63cca0622f";
    expect(blocks[3]!.calls.map(({ returnData }) => returnData)).toEqual([sha, "0x"]);
  });

  it("logs transfers on demand, and gives whole transactions on demand", async () => {
    const calls = [{ from: testAddress(0), to: testAddress(6), value: "0x7" }];
    expect((await simulate([{ calls }]))[0]!.calls[0]!.logs).toEqual([]);
    const [block] = await simulate([{ calls }], { traceTransfers: true, returnFullTransactions: true });
    expect(block!.calls[0]!.logs).toMatchObject([
      { address: `0x${"ee".repeat(20)}`, data: `0x${"7".padStart(64, "0")}`, blockHash: block!.hash },
    ]);
    expect(block!.transactions).toMatchObject([
      { from: testAddress(0), value: "0x7", type: "0x2", blockHash: block!.hash },
    ]);
  });

  it("pays fees in a validated block with what is prepaid", async () => {
    const { baseFeePerGas } = await rig.get<{ baseFeePerGas: string[] }>("eth_feeHistory", "0x1", "latest", []);
    const call = { from: testAddress(0), to: testAddress(6), maxFeePerGas: baseFeePerGas.at(-1), nonce: "0x0" };
    const [block] = await simulate([{ calls: [call] }], { validation: true });
    expect(block!.calls[0]).toMatchObject({ status: "0x1", gasUsed: "0x5208" });
  });
});
