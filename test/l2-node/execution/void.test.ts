// Jobs whose graphs L1 has shown to have a flaw (P14): what waits goes on and is told so, what was paid comes back.
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
const TRAIN_WEI = 2_000_000_000n;
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

const job = testJob(FORCER);
const model = modelOf(job);
const infer = inferId(model, tensorRoot(Uint8Array.of(0)));
const evaluate = evaluateId(model, DATASET, 100);
const claimed = (id: Hex, more: Partial<ClaimedMessage> = {}): ClaimedMessage => ({
  kind: 3,
  id,
  claimHash: keccak256(id),
  claimant: EXECUTOR,
  resultRoot: id,
  soft: false,
  consumed: [],
  output: "0x2a",
  failedSteps: 0,
  ...more,
});
const final = (id: Hex): Message => ({ kind: 5, id, claimHash: keccak256(id) });
const overturned = (id: Hex): Message => ({ kind: 4, id, claimHash: keccak256(id), lostSeconds: 0n });
const voided = (graph: number): Message => ({ kind: 9, modelId: model, graph });
const done = (id: Hex): Message[] => [claimed(id), final(id)];

const balanceOf = async (address: Hex) => (await rig.execution.account(address, "latest")).balanceWei;
const computeOf = (address: Hex) => rig.execution.computeBalance(address, "latest");
const recordOf = async (id: Hex) => (await rig.execution.jobs()).find((one) => one.id === id);
async function send(data: Hex, value = 0n): Promise<Hex> {
  const hash = await rig.send({ key: SENDER, to: FORCER, data, value, gas: GAS });
  rig.seal();
  return hash;
}
const train = () => send(forcerCall("train", job), TRAIN_WEI);
const ask = () => send(forcerCall("infer", model, INPUT));
const count = () => send(forcerCall("evaluate", model, DATASET, 100));
async function failure(hash: Hex) {
  const receipt = await rig.execution.receipt(hash);
  if (receipt === undefined) return (await rig.execution.status(hash))?.state;
  if (receipt.status === "success") return "success";
  return decodeErrorResult({ abi: dnnAbi, data: receipt.revertData! });
}
const VOID = { errorName: "JobVoid", args: [model] };

describe("a void training", () => {
  test("ends what waits for its model, typed, and gives every payer its money", async () => {
    await train();
    const [first, second] = [await ask(), await count()];
    const paid = (await recordOf(infer))!.escrowWei + (await recordOf(evaluate))!.escrowWei;
    rig.deliver(voided(1));
    expect([await failure(first), await failure(second)]).toMatchObject([VOID, VOID]);
    expect(await computeOf(FORCER)).toBe(TRAIN_WEI);
    expect(await computeOf(testAddress(SENDER))).toBe(paid);
    expect(await rig.execution.demands()).toEqual([]);
    for (const id of [model, infer, evaluate])
      expect(await recordOf(id)).toMatchObject({ status: "void", escrowWei: 0n, parked: [] });
    await rig.expectReplicable();
  });

  test("refuses what comes after: uses of it, trainings, and gifts go back to the giver", async () => {
    await train();
    rig.deliver(voided(1));
    expect([await failure(await ask()), await failure(await count()), await failure(await train())]).toMatchObject([
      VOID,
      VOID,
      VOID,
    ]);
    expect(await failure(await send(forcerCall("fund", model), 7n))).toBe("success");
    expect(await computeOf(FORCER)).toBe(TRAIN_WEI + 7n);
    expect((await recordOf(model))!.escrowWei).toBe(0n);
  });

  test("voided before anybody asked for it is not asked for", async () => {
    rig.deliver(voided(1));
    expect(await failure(await train())).toMatchObject(VOID);
    expect(await balanceOf(testAddress(SENDER))).toBe(ETHER);
    expect(await recordOf(model)).toBeUndefined();
    await rig.expectReplicable();
  });

  test("returns what a transaction that undid it by parking had pledged", async () => {
    const hash = await send(forcerCall("trainAndInfer", job, INPUT), TRAIN_WEI);
    expect(await recordOf(model)).toMatchObject({ pledgedWei: TRAIN_WEI });
    rig.deliver(voided(1));
    expect(await failure(hash)).toMatchObject(VOID);
    expect(await balanceOf(testAddress(SENDER))).toBe(ETHER);
    expect(await recordOf(model)).toMatchObject({ pledgedWei: 0n, escrowWei: 0n });
    await rig.expectReplicable();
  });

  test("that was final before stays so, and so does what uses it", async () => {
    await train();
    const hash = await ask();
    rig.deliver(...done(model), voided(1));
    expect(await failure(hash)).toBe("parked");
    expect(await recordOf(model)).toMatchObject({ status: "final" });
    rig.deliver(...done(infer));
    expect(await failure(hash)).toBe("success");
    expect(await balanceOf(EXECUTOR)).toBe(TRAIN_WEI + 1_000n);
  });

  test("undoes what went on with its soft result once L1 has ended the claim", async () => {
    await train();
    const hash = await ask();
    const soft = [claimed(model, { soft: true }), claimed(infer, { soft: true, consumed: [keccak256(model)] })];
    rig.deliver(...soft);
    expect(await failure(hash)).toBe("success");
    rig.deliver(overturned(model), voided(1), overturned(infer));
    expect(await failure(hash)).toMatchObject(VOID);
    expect(await computeOf(FORCER)).toBe(TRAIN_WEI);
    await rig.expectReplicable();
  });
});

describe("a void graph to infer with", () => {
  test("ends inferences, and neither the training nor evaluations", async () => {
    await train();
    const [inferring, counting] = [await ask(), await count()];
    rig.deliver(voided(2));
    expect([await failure(inferring), await failure(counting)]).toMatchObject([VOID, "parked"]);
    expect((await rig.execution.demands()).map(({ id }) => id).sort()).toEqual([model, evaluate].sort());
    expect(await recordOf(model)).toMatchObject({ status: "open", escrowWei: TRAIN_WEI });
    rig.deliver(...done(model), claimed(evaluate, { output: "0x00000040" }), final(evaluate));
    expect(await failure(counting)).toBe("success");
    expect(await failure(await ask())).toMatchObject(VOID);
    await rig.expectReplicable();
  });

  test("leaves answers that are final", async () => {
    await train();
    rig.deliver(...done(model));
    const hash = await ask();
    rig.deliver(...done(infer), voided(2));
    expect([await failure(hash), await failure(await ask())]).toEqual(["success", "success"]);
  });

  test("takes the effect of soft answers before L1 has ended their claims, and pays back after", async () => {
    await train();
    rig.deliver(...done(model));
    const before = await ask();
    rig.deliver(claimed(infer, { soft: true }));
    expect(await failure(before)).toBe("success");
    const paid = (await recordOf(infer))!.escrowWei;
    rig.deliver(voided(2));
    expect(await failure(await ask())).toMatchObject(VOID);
    expect(await computeOf(testAddress(SENDER))).toBe(0n);
    rig.deliver(overturned(infer));
    expect(await failure(before)).toMatchObject(VOID);
    expect(await computeOf(testAddress(SENDER))).toBe(paid);
    await rig.expectReplicable();
  });
});

test("a contract can catch it, and jobs beside it are none of it", async () => {
  await train();
  rig.deliver(voided(1));
  const hash = await send(forcerCall("inferCaught", model, INPUT));
  expect(await failure(hash)).toBe("success");
  const other = { ...job, salt: keccak256("0x77") };
  await send(forcerCall("train", other), TRAIN_WEI);
  expect(await recordOf(modelOf(other))).toMatchObject({ status: "open", escrowWei: TRAIN_WEI });
});
