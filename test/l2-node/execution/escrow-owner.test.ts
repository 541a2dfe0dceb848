import { encodeFunctionData, type Hex } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { inferId } from "../../../common/job.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
const TRAIN_WEI = 2_000_000_000n;
const ASKER = 0;
const STRANGER = 1;
const job = testJob(FORCER, { deadline: 1_700_000_100n });
const model = modelOf(job);
const infer = inferId(model, tensorRoot(Uint8Array.of(0)));

let rig: Rig;
afterEach(() => rig.execution.close());

async function start() {
  rig = makeRig({ alloc: forcers });
  rig.deliver(gasDeposit(ASKER), ethDeposit(ASKER), gasDeposit(STRANGER), ethDeposit(STRANGER));
}
async function send(key: number, to: Hex, data: Hex, value = 0n) {
  const hash = await rig.send({ key, to, data, value, gas: GAS });
  rig.seal();
  return hash;
}
const fund = (key: number, id: Hex, value: bigint) =>
  send(key, DNN_ADDRESS, encodeFunctionData({ abi: dnnAbi, functionName: "fund", args: [id] }), value);
const train = () => send(ASKER, FORCER, forcerCall("train", job), TRAIN_WEI);
const force = (key: number) => send(key, FORCER, forcerCall("infer", model, "0x00"));
/** Nobody computes anything, and the deadline passes. */
function lapse() {
  for (let i = 0; i < 1_000; i++) rig.l1.mine();
  rig.deliver();
}

describe("unused escrow", () => {
  test("of a training is its requester's, whoever funded the id before the training was asked for", async () => {
    await start();
    await fund(STRANGER, model, 1n);
    expect((await rig.execution.receipt(await train()))!.status).toBe("success");
    const before = (await rig.execution.account(testAddress(STRANGER), "latest")).balanceWei;
    lapse();
    await send(STRANGER, DNN_ADDRESS, encodeFunctionData({ abi: dnnAbi, functionName: "withdrawCompute" }));
    expect(await rig.execution.jobs()).toMatchObject([{ id: model, escrowWei: 0n }]);
    expect((await rig.execution.account(testAddress(STRANGER), "latest")).balanceWei).toBe(before);
    expect(await rig.computeOf(FORCER)).toBe(TRAIN_WEI + 1n);
  });

  test("of an inference is the sender's whose gas paid for it, whoever funded before or asked later", async () => {
    await start();
    await train();
    await fund(STRANGER, infer, 1n);
    await force(ASKER);
    await force(STRANGER);
    const { escrowWei } = (await rig.execution.jobs()).find(({ id }) => id === infer)!;
    expect(escrowWei).toBeGreaterThanOrEqual(1_000n);
    lapse();
    expect(await rig.computeOf(testAddress(ASKER))).toBe(escrowWei);
    expect(await rig.computeOf(testAddress(STRANGER))).toBe(0n);
  });

  test("of a training that a forcing transaction opened is its requester's, not that sender's", async () => {
    await start();
    await send(STRANGER, FORCER, forcerCall("trainAndInfer", job, "0x00"), TRAIN_WEI);
    await fund(ASKER, model, 7n);
    expect((await rig.execution.receipt(await train()))!.status).toBe("success");
    lapse();
    expect(await rig.computeOf(FORCER)).toBe(TRAIN_WEI + 7n);
  });

  test("funding after the deadline has lapsed stays with who funds", async () => {
    await start();
    await train();
    lapse();
    await fund(STRANGER, model, 5n);
    expect(await rig.computeOf(testAddress(STRANGER))).toBe(5n);
  });
});
