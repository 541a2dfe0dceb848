// Runs that fail for good (P15): what waits for them goes on and is told so, what was computed is paid, the rest comes back.
import { type Hex, keccak256 } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { evaluateId, inferId } from "../../../common/job.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { CLAIMANT, claimed, done, final, overturned } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
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
const failed = (id: Hex, failedSteps: number) => claimed(id, { output: "0x", failedSteps });

const fails = (id: Hex, failedSteps: number) => done(id, { output: "0x", failedSteps });
async function send(data: Hex, value = 0n): Promise<Hex> {
  const hash = await rig.send({ key: SENDER, to: FORCER, data, value, gas: GAS });
  rig.seal();
  return hash;
}
const train = () => send(forcerCall("train", job), PRICE_WEI);
const ask = () => send(forcerCall("infer", model, INPUT));
const count = () => send(forcerCall("evaluate", model, DATASET, 100));
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
    const paid = (await rig.recordOf(infer))!.escrowWei + (await rig.recordOf(evaluate))!.escrowWei;
    rig.deliver(failed(model, steps));
    expect([await rig.endOf(first), await rig.endOf(second)]).toEqual(["parked", "parked"]);
    rig.deliver(final(claimed(model)));
    expect([await rig.endOf(first), await rig.endOf(second)]).toMatchObject([
      failure(model, steps - 1),
      failure(model, steps - 1),
    ]);
    expect(await rig.balanceOf(CLAIMANT)).toBe(earnedWei);
    expect(await rig.computeOf(FORCER)).toBe(PRICE_WEI - earnedWei);
    expect(await rig.computeOf(testAddress(SENDER))).toBe(paid);
    expect(await rig.execution.demands()).toEqual([]);
    const failed_ = { id: model, step: steps - 1 };
    for (const id of [model, infer, evaluate])
      expect(await rig.recordOf(id)).toMatchObject({ status: "failed", failed: failed_, escrowWei: 0n, parked: [] });
    await rig.expectReplicable();
  });

  test("never acts softly, and not at all once it was overturned", async () => {
    await train();
    const hash = await ask();
    const { task } = (await rig.recordOf(infer))!;
    rig.deliver(failed(model, 3));
    expect(await rig.endOf(hash)).toBe("parked");
    rig.deliver(
      overturned(claimed(model)),
      claimed(model),
      final(claimed(model)),
      claimed(infer),
      final(claimed(infer)),
    );
    expect(await rig.endOf(hash)).toBe("success");
    expect(await rig.balanceOf(CLAIMANT)).toBe(PRICE_WEI + task.priceWei);
  });

  test("refuses what comes after: uses of it, trainings, and gifts go back to the giver", async () => {
    await train();
    rig.deliver(...fails(model, 3));
    expect([
      await rig.endOf(await ask()),
      await rig.endOf(await count()),
      await rig.endOf(await train()),
    ]).toMatchObject([failure(model, 2), failure(model, 2), failure(model, 2)]);
    const before = await rig.computeOf(FORCER);
    expect(await rig.endOf(await send(forcerCall("fund", model), 7n))).toBe("success");
    expect(await rig.computeOf(FORCER)).toBe(before + 7n);
    expect((await rig.recordOf(model))!.escrowWei).toBe(0n);
    await rig.expectReplicable();
  });

  test("is paid out of what a transaction that undid it by parking had pledged", async () => {
    const hash = await send(forcerCall("trainAndInfer", job, INPUT), PRICE_WEI);
    expect(await rig.recordOf(model)).toMatchObject({ pledgedWei: PRICE_WEI });
    const { escrowWei: quotedWei } = (await rig.recordOf(infer))!;
    rig.deliver(...fails(model, 4));
    expect(await rig.endOf(hash)).toMatchObject(failure(model, 3));
    const earnedWei = (3n * PRICE_WEI) / 7n;
    expect(await rig.balanceOf(CLAIMANT)).toBe(earnedWei);
    const backWei = ETHER - earnedWei + quotedWei;
    expect((await rig.balanceOf(testAddress(SENDER))) + (await rig.computeOf(testAddress(SENDER)))).toBe(backWei);
    expect(await rig.recordOf(model)).toMatchObject({ pledgedWei: 0n, escrowWei: 0n });
    await rig.expectReplicable();
  });

  test("that nobody had asked for is not asked for either", async () => {
    rig.deliver(...fails(model, 1));
    expect(await rig.endOf(await train())).toMatchObject(failure(model, 0));
    expect(await rig.balanceOf(testAddress(SENDER))).toBe(ETHER);
  });

  test("can be caught, and jobs beside it are none of it", async () => {
    await train();
    rig.deliver(...fails(model, 2));
    expect(await rig.endOf(await send(forcerCall("inferCaught", model, INPUT)))).toBe("success");
    const other = { ...job, salt: keccak256("0x77") };
    await send(forcerCall("train", other), PRICE_WEI);
    expect(await rig.recordOf(modelOf(other))).toMatchObject({ status: "open", escrowWei: PRICE_WEI });
  });
});

describe("of a trained model", () => {
  test("an inference that fails is told to who asks for it, earns nothing, and ends nothing else", async () => {
    await train();
    rig.deliver(claimed(model), final(claimed(model)));
    const [asking, counting] = [await ask(), await count()];
    const paid = (await rig.recordOf(infer))!.escrowWei;
    rig.deliver(...fails(infer, 1));
    expect([await rig.endOf(asking), await rig.endOf(counting)]).toMatchObject([failure(infer, 0), "parked"]);
    expect(await rig.endOf(await ask())).toMatchObject(failure(infer, 0));
    expect(await rig.balanceOf(CLAIMANT)).toBe(PRICE_WEI);
    expect(await rig.computeOf(testAddress(SENDER))).toBe(paid);
    expect(await rig.recordOf(model)).toMatchObject({ status: "final" });
    expect((await rig.execution.demands()).map(({ id }) => id)).toEqual([evaluate]);
    await rig.expectReplicable();
  });
});
