// Jobs whose graphs L1 has shown to have a flaw (P14): what waits goes on and is told so, what was paid comes back.
import { type Hex, keccak256 } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { evaluateId, inferId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { CLAIMANT, claimed, done, final, overturned } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
const TRAIN_WEI = 2_000_000_000n;
const INPUT: Hex = "0x00";
const DATASET: Hex = `0x${"da".repeat(32)}`;
const SENDER = 0;

let rig: Rig;
beforeEach(() => {
  rig = makeRig({ alloc: forcers });
  rig.deliver(gasDeposit(SENDER), ethDeposit(SENDER));
});
afterEach(() => rig.execution.close());

const job = testJob(FORCER);
const model = modelOf(job);
const infer = inferId(model, tensorRoot(Uint8Array.of(0)));
const evaluate = evaluateId(model, DATASET, 100);
const voided = (graph: number): Message => ({ kind: 9, modelId: model, graph });

async function send(data: Hex, value = 0n): Promise<Hex> {
  const hash = await rig.send({ key: SENDER, to: FORCER, data, value, gas: GAS });
  rig.seal();
  return hash;
}
const train = () => send(forcerCall("train", job), TRAIN_WEI);
const ask = () => send(forcerCall("infer", model, INPUT));
const count = () => send(forcerCall("evaluate", model, DATASET, 100));
const VOID = { errorName: "JobVoid", args: [model] };

describe("a void training", () => {
  test("ends what waits for its model, typed, and gives every payer its money", async () => {
    await train();
    const [first, second] = [await ask(), await count()];
    const paid = (await rig.recordOf(infer))!.escrowWei + (await rig.recordOf(evaluate))!.escrowWei;
    rig.deliver(voided(1));
    expect([await rig.endOf(first), await rig.endOf(second)]).toMatchObject([VOID, VOID]);
    expect(await rig.computeOf(FORCER)).toBe(TRAIN_WEI);
    expect(await rig.computeOf(testAddress(SENDER))).toBe(paid);
    expect(await rig.execution.demands()).toEqual([]);
    for (const id of [model, infer, evaluate])
      expect(await rig.recordOf(id)).toMatchObject({ status: "void", escrowWei: 0n, parked: [] });
    await rig.expectReplicable();
  });

  test("refuses what comes after: uses of it, trainings, and gifts go back to the giver", async () => {
    await train();
    rig.deliver(voided(1));
    expect([
      await rig.endOf(await ask()),
      await rig.endOf(await count()),
      await rig.endOf(await train()),
    ]).toMatchObject([VOID, VOID, VOID]);
    expect(await rig.endOf(await send(forcerCall("fund", model), 7n))).toBe("success");
    expect(await rig.computeOf(FORCER)).toBe(TRAIN_WEI + 7n);
    expect((await rig.recordOf(model))!.escrowWei).toBe(0n);
  });

  test("voided before anybody asked for it is not asked for", async () => {
    rig.deliver(voided(1));
    expect(await rig.endOf(await train())).toMatchObject(VOID);
    expect(await rig.balanceOf(testAddress(SENDER))).toBe(ETHER);
    expect(await rig.recordOf(model)).toBeUndefined();
    await rig.expectReplicable();
  });

  test("returns what a transaction that undid it by parking had pledged", async () => {
    const hash = await send(forcerCall("trainAndInfer", job, INPUT), TRAIN_WEI);
    expect(await rig.recordOf(model)).toMatchObject({ pledgedWei: TRAIN_WEI });
    rig.deliver(voided(1));
    expect(await rig.endOf(hash)).toMatchObject(VOID);
    expect(await rig.balanceOf(testAddress(SENDER))).toBe(ETHER);
    expect(await rig.recordOf(model)).toMatchObject({ pledgedWei: 0n, escrowWei: 0n });
    await rig.expectReplicable();
  });

  test("that was final before stays so, and so does what uses it", async () => {
    await train();
    const hash = await ask();
    rig.deliver(...done(model), voided(1));
    expect(await rig.endOf(hash)).toBe("parked");
    expect(await rig.recordOf(model)).toMatchObject({ status: "final" });
    rig.deliver(...done(infer));
    expect(await rig.endOf(hash)).toBe("success");
    expect(await rig.balanceOf(CLAIMANT)).toBe(TRAIN_WEI + 1_000n);
  });

  test("undoes what went on with its soft result once L1 has ended the claim", async () => {
    await train();
    const hash = await ask();
    const soft = [claimed(model, { soft: true }), claimed(infer, { soft: true, consumed: [keccak256(model)] })];
    rig.deliver(...soft);
    expect(await rig.endOf(hash)).toBe("success");
    rig.deliver(overturned(claimed(model)), voided(1), overturned(claimed(infer)));
    expect(await rig.endOf(hash)).toMatchObject(VOID);
    expect(await rig.computeOf(FORCER)).toBe(TRAIN_WEI);
    await rig.expectReplicable();
  });
});

describe("a void graph to infer with", () => {
  test("ends inferences, and neither the training nor evaluations", async () => {
    await train();
    const [inferring, counting] = [await ask(), await count()];
    rig.deliver(voided(2));
    expect([await rig.endOf(inferring), await rig.endOf(counting)]).toMatchObject([VOID, "parked"]);
    expect((await rig.execution.demands()).map(({ id }) => id).sort()).toEqual([model, evaluate].sort());
    expect(await rig.recordOf(model)).toMatchObject({ status: "open", escrowWei: TRAIN_WEI });
    rig.deliver(...done(model), claimed(evaluate, { output: "0x00000040" }), final(claimed(evaluate)));
    expect(await rig.endOf(counting)).toBe("success");
    expect(await rig.endOf(await ask())).toMatchObject(VOID);
    await rig.expectReplicable();
  });

  test("leaves answers that are final", async () => {
    await train();
    rig.deliver(...done(model));
    const hash = await ask();
    rig.deliver(...done(infer), voided(2));
    expect([await rig.endOf(hash), await rig.endOf(await ask())]).toEqual(["success", "success"]);
  });

  test("takes the effect of soft answers before L1 has ended their claims, and pays back after", async () => {
    await train();
    rig.deliver(...done(model));
    const before = await ask();
    rig.deliver(claimed(infer, { soft: true }));
    expect(await rig.endOf(before)).toBe("success");
    const paid = (await rig.recordOf(infer))!.escrowWei;
    rig.deliver(voided(2));
    expect(await rig.endOf(await ask())).toMatchObject(VOID);
    expect(await rig.computeOf(testAddress(SENDER))).toBe(0n);
    rig.deliver(overturned(claimed(infer)));
    expect(await rig.endOf(before)).toMatchObject(VOID);
    expect(await rig.computeOf(testAddress(SENDER))).toBe(paid);
    await rig.expectReplicable();
  });
});

test("a contract can catch it, and jobs beside it are none of it", async () => {
  await train();
  rig.deliver(voided(1));
  const hash = await send(forcerCall("inferCaught", model, INPUT));
  expect(await rig.endOf(hash)).toBe("success");
  const other = { ...job, salt: keccak256("0x77") };
  await send(forcerCall("train", other), TRAIN_WEI);
  expect(await rig.recordOf(modelOf(other))).toMatchObject({ status: "open", escrowWei: TRAIN_WEI });
});
