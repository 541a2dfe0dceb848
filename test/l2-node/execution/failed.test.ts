// Runs that fail for good (P15): what waits for them goes on and is told so, what was computed is paid, the rest comes back.
import { decodeErrorResult, type Hex, keccak256 } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { evaluateId, inferId } from "../../../common/job.ts";
import type { ClaimedMessage, Message } from "../../../common/message.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
const EXECUTOR = testAddress(9);
const INPUT: Hex = "0x00";
const DATASET: Hex = `0x${"da".repeat(32)}`;
const SENDER = 0;

let rig: Rig;
beforeEach(() => {
  rig = makeRig({ alloc: forcers });
  rig.deliver(gasDeposit(SENDER), ethDeposit(SENDER));
});
afterEach(() => rig.execution.close());

/** Of seven steps, which no price is a multiple of. */
const job = { ...testJob(FORCER), steps: 7, priceWeiPerGflop: 1_234_567_891n };
const PRICE_WEI = (7n * job.trainGraph.flops * job.priceWeiPerGflop + 999_999_999n) / 1_000_000_000n;
const model = modelOf(job);
const infer = inferId(model, tensorRoot(Uint8Array.of(0)));
const evaluate = evaluateId(model, DATASET, 100);
const failed = (id: Hex, failedSteps: number): ClaimedMessage => ({
  kind: 3,
  id,
  claimHash: keccak256(id),
  claimant: EXECUTOR,
  resultRoot: id,
  soft: false,
  consumed: [],
  output: "0x",
  failedSteps,
});
const claimed = (id: Hex): ClaimedMessage => ({ ...failed(id, 0), output: "0x2a" });
const final = (id: Hex): Message => ({ kind: 5, id, claimHash: keccak256(id) });
const overturned = (id: Hex): Message => ({ kind: 4, id, claimHash: keccak256(id), lostSeconds: 0n });
const fails = (id: Hex, failedSteps: number): Message[] => [failed(id, failedSteps), final(id)];

const balanceOf = async (address: Hex) => (await rig.execution.account(address, "latest")).balanceWei;
const computeOf = (address: Hex) => rig.execution.computeBalance(address, "latest");
const recordOf = async (id: Hex) => (await rig.execution.jobs()).find((one) => one.id === id);
async function send(data: Hex, value = 0n): Promise<Hex> {
  const hash = await rig.send({ key: SENDER, to: FORCER, data, value, gas: GAS });
  rig.seal();
  return hash;
}
const train = () => send(forcerCall("train", job), PRICE_WEI);
const ask = () => send(forcerCall("infer", model, INPUT));
const count = () => send(forcerCall("evaluate", model, DATASET, 100));
async function endOf(hash: Hex) {
  const receipt = await rig.execution.receipt(hash);
  if (receipt === undefined) return (await rig.execution.status(hash))?.state;
  if (receipt.status === "success") return "success";
  return decodeErrorResult({ abi: dnnAbi, data: receipt.revertData! });
}
const failure = (id: Hex, step: number) => ({ errorName: "JobFailed", args: [id, step] });

describe("a training that fails", () => {
  test.each([
    [1, 0n],
    [2, PRICE_WEI / 7n],
    [4, (3n * PRICE_WEI) / 7n],
    [7, (6n * PRICE_WEI) / 7n],
  ])("in its step %i ends what waits, pays for those before it, and returns the rest", async (steps, earnedWei) => {
    await train();
    const [first, second] = [await ask(), await count()];
    const paid = (await recordOf(infer))!.escrowWei + (await recordOf(evaluate))!.escrowWei;
    rig.deliver(failed(model, steps));
    expect([await endOf(first), await endOf(second)]).toEqual(["parked", "parked"]);
    rig.deliver(final(model));
    expect([await endOf(first), await endOf(second)]).toMatchObject([
      failure(model, steps - 1),
      failure(model, steps - 1),
    ]);
    expect(await balanceOf(EXECUTOR)).toBe(earnedWei);
    expect(await computeOf(FORCER)).toBe(PRICE_WEI - earnedWei);
    expect(await computeOf(testAddress(SENDER))).toBe(paid);
    expect(await rig.execution.demands()).toEqual([]);
    const failed_ = { id: model, step: steps - 1 };
    for (const id of [model, infer, evaluate])
      expect(await recordOf(id)).toMatchObject({ status: "failed", failed: failed_, escrowWei: 0n, parked: [] });
    await rig.expectReplicable();
  });

  test("never acts softly, and not at all once it was overturned", async () => {
    await train();
    const hash = await ask();
    const { task } = (await recordOf(infer))!;
    rig.deliver(failed(model, 3));
    expect(await endOf(hash)).toBe("parked");
    rig.deliver(overturned(model), claimed(model), final(model), claimed(infer), final(infer));
    expect(await endOf(hash)).toBe("success");
    expect(await balanceOf(EXECUTOR)).toBe(PRICE_WEI + task.priceWei);
  });

  test("refuses what comes after: uses of it, trainings, and gifts go back to the giver", async () => {
    await train();
    rig.deliver(...fails(model, 3));
    expect([await endOf(await ask()), await endOf(await count()), await endOf(await train())]).toMatchObject([
      failure(model, 2),
      failure(model, 2),
      failure(model, 2),
    ]);
    const before = await computeOf(FORCER);
    expect(await endOf(await send(forcerCall("fund", model), 7n))).toBe("success");
    expect(await computeOf(FORCER)).toBe(before + 7n);
    expect((await recordOf(model))!.escrowWei).toBe(0n);
    await rig.expectReplicable();
  });

  test("is paid out of what a transaction that undid it by parking had pledged", async () => {
    const hash = await send(forcerCall("trainAndInfer", job, INPUT), PRICE_WEI);
    expect(await recordOf(model)).toMatchObject({ pledgedWei: PRICE_WEI });
    const { escrowWei: quotedWei } = (await recordOf(infer))!;
    rig.deliver(...fails(model, 4));
    expect(await endOf(hash)).toMatchObject(failure(model, 3));
    const earnedWei = (3n * PRICE_WEI) / 7n;
    expect(await balanceOf(EXECUTOR)).toBe(earnedWei);
    const backWei = ETHER - earnedWei + quotedWei;
    expect((await balanceOf(testAddress(SENDER))) + (await computeOf(testAddress(SENDER)))).toBe(backWei);
    expect(await recordOf(model)).toMatchObject({ pledgedWei: 0n, escrowWei: 0n });
    await rig.expectReplicable();
  });

  test("that nobody had asked for is not asked for either", async () => {
    rig.deliver(...fails(model, 1));
    expect(await endOf(await train())).toMatchObject(failure(model, 0));
    expect(await balanceOf(testAddress(SENDER))).toBe(ETHER);
  });

  test("can be caught, and jobs beside it are none of it", async () => {
    await train();
    rig.deliver(...fails(model, 2));
    expect(await endOf(await send(forcerCall("inferCaught", model, INPUT)))).toBe("success");
    const other = { ...job, salt: keccak256("0x77") };
    await send(forcerCall("train", other), PRICE_WEI);
    expect(await recordOf(modelOf(other))).toMatchObject({ status: "open", escrowWei: PRICE_WEI });
  });
});

describe("of a trained model", () => {
  test("an inference that fails is told to who asks for it, earns nothing, and ends nothing else", async () => {
    await train();
    rig.deliver(claimed(model), final(model));
    const [asking, counting] = [await ask(), await count()];
    const paid = (await recordOf(infer))!.escrowWei;
    rig.deliver(...fails(infer, 1));
    expect([await endOf(asking), await endOf(counting)]).toMatchObject([failure(infer, 0), "parked"]);
    expect(await endOf(await ask())).toMatchObject(failure(infer, 0));
    expect(await balanceOf(EXECUTOR)).toBe(PRICE_WEI);
    expect(await computeOf(testAddress(SENDER))).toBe(paid);
    expect(await recordOf(model)).toMatchObject({ status: "final" });
    expect((await rig.execution.demands()).map(({ id }) => id)).toEqual([evaluate]);
    await rig.expectReplicable();
  });
});
