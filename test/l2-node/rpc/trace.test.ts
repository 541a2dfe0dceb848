import { encodeFunctionData, type Hex, keccak256, parseAbi, toHex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inferId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { counterAbi, counterAddress, counterAlloc, increment } from "../../dapp/counter.ts";
import { testAddress } from "../../support/transactions.ts";
import { FORCER, forcerCall, forcers } from "../execution/forcer.ts";
import { ETHER, modelOf, testJob } from "../execution/rig.ts";
import { type RpcRig, startRpcRig } from "./rig.ts";

const abi = parseAbi(counterAbi);
const deny = encodeFunctionData({ abi, functionName: "deny", args: ["because"] });
/** Calls the counter three ways (CALL, DELEGATECALL, STATICCALL), one after the other, with its own input. */
const CALLER: Hex = `0x${"ca".repeat(20)}`;
const to = counterAddress.slice(2);
const callerCode: Hex = `0x365f5f375f5f365f5f73${to}5af1505f5f365f73${to}5af4505f5f365f73${to}5afa5000`;
const value = encodeFunctionData({ abi, functionName: "value" });

type Frame = Record<string, unknown> & { type: string; calls?: Frame[]; logs?: unknown[] };
let rig: RpcRig;
let bumped: Hex;
let transferred: Hex;
let failed: Hex;

beforeAll(async () => {
  rig = await startRpcRig({
    alloc: { ...counterAlloc, ...forcers, [CALLER]: { nonce: 1n, code: callerCode } },
  });
  bumped = await rig.send({ to: counterAddress, data: increment(7n), value: 3n });
  transferred = await rig.send({ to: testAddress(4), value: 5n });
  failed = await rig.send({ to: counterAddress, data: deny });
  rig.seal();
  for (let i = 0; i < 3; i++) rig.seal();
});
afterAll(async () => {
  expect(rig.faults).toEqual([]);
  await rig.stop();
});

const trace = <T = Frame>(hash: Hex, options: object = { tracer: "callTracer" }) =>
  rig.get<T>("debug_traceTransaction", hash, options);

describe("what cannot be traced", () => {
  it("says why: unknown, genesis, above the head, and tracers there are not", async () => {
    const codes = async (method: string, ...params: unknown[]) => (await rig.ask(method, ...params)).error;
    expect(await codes("debug_traceTransaction", keccak256("0x"))).toMatchObject({ message: "transaction not found" });
    expect(await codes("debug_traceBlockByNumber", "0x0")).toMatchObject({ message: "genesis is not traceable" });
    expect(await codes("debug_traceBlockByNumber", "0x99")).toMatchObject({ code: -32000 });
    expect(await codes("debug_traceBlockByHash", keccak256("0x"))).toMatchObject({ code: -32000 });
    for (const tracer of ["4byteTracer", "{step: function() {}}", "x".repeat(10_000)])
      expect(await codes("debug_traceTransaction", bumped, { tracer })).toMatchObject({ code: -32004 });
    for (const options of [
      { tracer: 1 },
      { tracer: "x".repeat(10_001) },
      { limit: -1 },
      { tracerConfig: { withLog: 1 } },
    ])
      expect(await codes("debug_traceTransaction", bumped, options)).toMatchObject({ code: -32602 });
  });

  it("is refused where it would be too long, however often it is asked for", async () => {
    // A loop of 2M gas, each step with a stack of 1,000 words.
    const code = `0x${"5f".repeat(1000)}5b6103e856`;
    const call = { to: CALLER, gas: "0x200000" };
    const overrides = { stateOverrides: { [CALLER]: { code } } };
    const { error } = await rig.ask("debug_traceCall", call, "latest", overrides);
    expect(error).toMatchObject({ code: -32000, message: expect.stringContaining("longer than") });
    const limited = await rig.get<{ structLogs: unknown[] }>("debug_traceCall", call, "latest", {
      ...overrides,
      limit: 10,
    });
    expect(limited.structLogs).toHaveLength(10);
  });
});

describe("callTracer", () => {
  it("tells the call, its logs and its gas as the receipt has it", async () => {
    const receipt = await rig.get<Record<string, unknown>>("eth_getTransactionReceipt", bumped);
    const frame = await trace(bumped, { tracer: "callTracer", tracerConfig: { withLog: true } });
    const [log] = receipt.logs as Record<string, unknown>[];
    expect(frame).toEqual({
      type: "CALL",
      from: testAddress(0),
      to: counterAddress,
      value: "0x3",
      gas: "0x186a0",
      gasUsed: receipt.gasUsed,
      input: increment(7n),
      logs: [{ address: counterAddress, topics: log!.topics, data: log!.data, position: "0x0" }],
    });
  });

  it("tells errors with their reason, and plain transfers", async () => {
    expect(await trace(failed)).toMatchObject({ error: "execution reverted", revertReason: "because" });
    expect(await trace(transferred)).toMatchObject({ type: "CALL", value: "0x5", input: "0x" });
    expect((await trace(transferred)).calls).toBeUndefined();
  });

  it("tells inner calls by their kind, and who calls", async () => {
    const call = { from: testAddress(1), to: CALLER, data: value };
    const frame = await rig.get<Frame>("debug_traceCall", call, "latest", { tracer: "callTracer" });
    expect(frame.calls?.map(({ type, from, to, value }) => [type, from, to, value])).toEqual([
      ["CALL", CALLER, counterAddress, "0x0"],
      ["DELEGATECALL", CALLER, counterAddress, "0x0"],
      ["STATICCALL", CALLER, counterAddress, undefined],
    ]);
    // The counter holds 7; run on the caller's own storage it holds nothing.
    expect(frame.calls?.map(({ output }) => BigInt(output as Hex))).toEqual([7n, 0n, 7n]);
    const top = { tracer: "callTracer", tracerConfig: { onlyTopCall: true } };
    expect((await rig.get<Frame>("debug_traceCall", call, "latest", top)).calls).toBeUndefined();
  });

  it("takes the logs of failed frames back, theirs and those of the frames they called", async () => {
    // The static call may not log, and fails; the two others may.
    const call = { from: testAddress(1), to: CALLER, data: increment(1n) };
    const options = { tracer: "callTracer", tracerConfig: { withLog: true } };
    const frame = await rig.get<Frame>("debug_traceCall", call, "latest", options);
    expect(frame.calls?.map(({ logs, error }) => [logs?.length, error === undefined])).toEqual([
      [1, true],
      [1, true],
      [undefined, false],
    ]);
  });

  it("shows creations with their code, and what they destroy", async () => {
    // Init code that destroys itself in favour of its creator.
    const frame = await rig.get<Frame>(
      "debug_traceCall",
      { from: testAddress(0), data: "0x33ff", value: "0x9" },
      "latest",
      { tracer: "callTracer" },
    );
    expect(frame).toMatchObject({ type: "CREATE", input: "0x33ff", to: expect.stringMatching(/^0x[0-9a-f]{40}$/) });
    expect(frame.calls).toMatchObject([{ type: "SELFDESTRUCT", from: frame.to, to: testAddress(0), value: "0x9" }]);
  });
});

describe("struct logs", () => {
  type Logs = {
    gas: number;
    failed: boolean;
    returnValue: string;
    structLogs: {
      op: string;
      pc: number;
      gas: number;
      gasCost: number;
      depth: number;
      stack?: string[];
      storage?: object;
      memory?: string[];
      error?: string;
    }[];
  };

  it("account for all gas, step by step", async () => {
    const { structLogs, failed } = await trace<Logs>(bumped, {});
    expect(failed).toBe(false);
    for (const [i, { gas, gasCost }] of structLogs.slice(0, -1).entries())
      expect(structLogs[i + 1]!.gas).toBe(gas - gasCost);
    const store = structLogs.find(({ op }) => op === "SSTORE")!;
    expect(store.storage).toEqual({ [`0x${"0".repeat(64)}`]: `0x${"7".padStart(64, "0")}` });
    expect(structLogs[0]).toMatchObject({ pc: 0, depth: 1, stack: [] });
  });

  it("tell of memory and return data only where they are asked for, and hide what is not wanted", async () => {
    const bare = await trace<Logs>(bumped, { disableStack: true, disableStorage: true });
    for (const log of bare.structLogs) expect(Object.keys(log)).toEqual(["pc", "op", "gas", "gasCost", "depth"]);
    const call = { to: CALLER, data: value };
    const full = await rig.get<Logs>("debug_traceCall", call, "latest", { enableMemory: true, enableReturnData: true });
    expect(full.structLogs.some(({ depth }) => depth === 2)).toBe(true);
    expect(full.structLogs.find(({ memory }) => memory)?.memory?.[0]).toHaveLength(66);
    expect(full.structLogs.some((log) => "returnData" in log)).toBe(true);
  });

  it("name the step that ran out of gas", async () => {
    const out = await rig.get<Logs>(
      "debug_traceCall",
      { to: counterAddress, data: increment(1n), gas: "0x5400" },
      "latest",
      {},
    );
    expect(out.failed).toBe(true);
    expect(out.structLogs.at(-1)).toMatchObject({ error: "out of gas" });
  });
});

describe("prestateTracer", () => {
  type States = Record<string, { balance?: string; nonce?: number; storage?: object; code?: string }>;

  it("tells accounts and slots as they were", async () => {
    const states = await trace<States>(bumped, { tracer: "prestateTracer" });
    expect(states[testAddress(0)]).toEqual({ balance: `0x${ETHER.toString(16)}` });
    expect(states[counterAddress]).toMatchObject({
      balance: "0x0",
      nonce: 1,
      storage: { [`0x${"0".repeat(64)}`]: `0x${"0".repeat(64)}` },
    });
    const light = { tracer: "prestateTracer", tracerConfig: { disableCode: true, disableStorage: true } };
    expect((await trace<States>(bumped, light))[counterAddress]).toEqual({ balance: "0x0", nonce: 1 });
  });

  it("tells what changed, before and after, and nothing else", async () => {
    const diff = { tracer: "prestateTracer", tracerConfig: { diffMode: true } };
    const slot = `0x${"0".repeat(64)}`;
    const { pre, post } = await trace<{ pre: States; post: States }>(bumped, diff);
    expect(pre[counterAddress]).toMatchObject({ balance: "0x0" });
    expect(pre[counterAddress]?.storage).toBeUndefined();
    expect(post).toEqual({
      [testAddress(0)]: { balance: `0x${(ETHER - 3n).toString(16)}`, nonce: 1 },
      [counterAddress]: { balance: "0x3", storage: { [slot]: `0x${"7".padStart(64, "0")}` } },
    });
    const created = await trace<{ pre: States; post: States }>(transferred, diff);
    expect(created.pre[testAddress(4)]).toBeUndefined();
    expect(created.post[testAddress(4)]).toEqual({ balance: "0x5" });
    expect((await trace<{ post: States }>(failed, diff)).post).toEqual({ [testAddress(0)]: { nonce: 3 } });
  });
});

describe("blocks", () => {
  it("are traced by number and hash alike, in the order of their transactions", async () => {
    const traces = await rig.get<{ txHash: Hex }[]>("debug_traceBlockByNumber", "0x2", { tracer: "callTracer" });
    expect(traces.map(({ txHash }) => txHash)).toEqual([bumped, transferred, failed]);
    const { hash } = await rig.get<{ hash: Hex }>("eth_getBlockByNumber", "0x2", false);
    expect(await rig.get("debug_traceBlockByHash", hash, { tracer: "callTracer" })).toEqual(traces);
    expect(await rig.get("debug_traceBlockByNumber", "0x1")).toEqual([]);
  });

  it("have raw forms that hash to their hashes", async () => {
    const { hash } = await rig.get<{ hash: Hex }>("eth_getBlockByNumber", "0x2", false);
    expect(keccak256(await rig.get<Hex>("debug_getRawHeader", "0x2"))).toBe(hash);
    expect(keccak256(await rig.get<Hex>("debug_getRawTransaction", bumped))).toBe(bumped);
    expect(await rig.get("debug_getRawTransaction", keccak256("0x"))).toBe("0x");
    const block = await rig.get<Hex>("debug_getRawBlock", "0x2");
    expect(block).toContain((await rig.get<Hex>("debug_getRawTransaction", bumped)).slice(2));
    expect((await rig.get<Hex[]>("debug_getRawReceipts", "0x2")).map((raw) => raw.slice(0, 4))).toEqual([
      ...["0x02", "0x02", "0x02"],
    ]);
    expect((await rig.ask("debug_getRawBlock", "0x99")).error?.code).toBe(-32000);
  });
});

describe("a transaction that waited", () => {
  it("is traced where it resumed, with the result it got", async () => {
    const input = toHex(Uint8Array.from({ length: 16 }, (_, i) => i));
    const job = testJob(FORCER);
    const model = modelOf(job);
    const infer = inferId(model, tensorRoot(Buffer.from(input.slice(2), "hex")));
    const claim = (id: Hex, consumed: Hex[], output: Hex): Message => ({
      kind: 3,
      id,
      claimHash: keccak256(id),
      claimant: testAddress(9),
      resultRoot: keccak256("0x01"),
      soft: true,
      consumed,
      output,
      failedSteps: 0,
    });
    await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
    rig.seal();
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", model, input), gas: 1_000_000n });
    rig.seal();
    const { error } = await rig.ask("debug_traceTransaction", hash, { tracer: "callTracer" });
    expect(error?.message).toBe(`it is not executed yet: it waits for ${infer}`);
    const { header } = rig.deliver(claim(model, [], "0x"), claim(infer, [keccak256(model)], "0x2a00000000000000"));
    const frame = await trace(hash, { tracer: "callTracer", tracerConfig: { withLog: true } });
    const receipt = await rig.get<{ gasUsed: string; logs: unknown[] }>("eth_getTransactionReceipt", hash);
    expect(frame).toMatchObject({ to: FORCER, gasUsed: receipt.gasUsed, logs: [expect.anything()] });
    const resumed = await rig.get<{ txHash: Hex }[]>("debug_traceBlockByNumber", toHex(header.number), {
      tracer: "callTracer",
    });
    expect(resumed.map(({ txHash }) => txHash)).toEqual([hash]);
  });
});
