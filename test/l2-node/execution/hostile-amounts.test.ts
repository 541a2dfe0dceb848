import { decodeErrorResult, encodeFunctionData } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { scheduleRefund } from "../../../l2-node/execution/escrow.ts";
import { popExpired, pushExpiry } from "../../../l2-node/execution/expiries.ts";
import { WorldState } from "../../../l2-node/execution/state.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_UINT256 = 2n ** 256n - 1n;
let rig: Rig;
afterEach(() => rig.execution.close());

const free = { trainGraph: { root: `0x${"02".repeat(32)}` as const, flops: 0n, bytes_: 0n } };

describe("no transaction stops the execution of its block", () => {
  test("a training whose deadline plus the origin lag does not fit 64 bits", async () => {
    rig = makeRig({ alloc: forcers });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER, { ...free, deadline: MAX_UINT64 });
    const hash = await rig.send({ to: FORCER, data: forcerCall("train", job), gas: GAS });
    rig.seal();
    expect(["success", "failed"]).toContain((await rig.execution.receipt(hash))!.status);
  });

  test("a quote beyond 256 bits", async () => {
    rig = makeRig({ alloc: forcers });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER, { priceWeiPerGflop: MAX_UINT256, steps: 2 ** 32 - 1 });
    const data = encodeFunctionData({ abi: dnnAbi, functionName: "quote", args: [job] });
    const { output } = await rig.execution.call({ to: DNN_ADDRESS, data }, "latest");
    expect(decodeErrorResult({ abi: dnnAbi, data: output })).toMatchObject({ errorName: "BadJob" });
    const hash = await rig.send({ to: DNN_ADDRESS, data, gas: GAS });
    rig.seal();
    expect(["success", "failed"]).toContain((await rig.execution.receipt(hash))!.status);
  });

  test("a training whose price is beyond 256 bits", async () => {
    rig = makeRig({ alloc: forcers });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER, { priceWeiPerGflop: MAX_UINT256, steps: 2 ** 32 - 1 });
    const hash = await rig.send({ to: FORCER, data: forcerCall("train", job), gas: GAS });
    rig.seal();
    expect(["success", "failed"]).toContain((await rig.execution.receipt(hash))!.status);
  });

  test("a free training whose inference costs more than 256 bits hold, forced", async () => {
    rig = makeRig({ alloc: forcers });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const inferGraph = { root: `0x${"03".repeat(32)}` as const, flops: MAX_UINT64, bytes_: 0n };
    const job = testJob(FORCER, { ...free, inferGraph, priceWeiPerGflop: MAX_UINT256 });
    await rig.send({ to: FORCER, data: forcerCall("train", job), gas: GAS });
    rig.seal();
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", modelOf(job), "0x00"), gas: GAS });
    rig.seal();
    expect(["success", "failed"]).toContain((await rig.execution.receipt(hash))!.status);
  });
});

test("a deadline at the end of time schedules its refund there", () => {
  const state = new WorldState({ get: () => undefined });
  scheduleRefund(state, `0x${"0a".repeat(32)}`, 2n ** 64n - 1n);
  pushExpiry(state, { at: 5n, kind: "parked", word: `0x${"0b".repeat(32)}` });
  expect(popExpired(state, 6n)).toMatchObject({ at: 5n });
  expect(popExpired(state, 2n ** 64n - 1n)).toBeUndefined();
  expect(popExpired(state, 2n ** 64n)).toMatchObject({
    at: 2n ** 64n - 1n,
    kind: "escrow",
    word: `0x${"0a".repeat(32)}`,
  });
});
