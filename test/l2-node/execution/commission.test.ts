// A commission on L2: a thunk like a training, with a price of its own (docs/protocol.md P12.8, P13).
import { decodeErrorResult, encodeFunctionData, keccak256 } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { inferId, type Job } from "../../../common/job.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { claimed } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
const PRICE = 7_000n;
const INPUT = "0x0102";
const CLAIMANT = testAddress(9);
/** 80 as a little-endian float32. */
const EIGHTY = "0x0000a042";

const commission = (change: Partial<Job> = {}): Job => ({
  ...testJob(FORCER),
  trainGraph: { root: ZERO_HASH, flops: 0n, bytes_: 0n },
  steps: 0,
  batchRows: 0,
  datasetRows: 0n,
  profile: 2,
  flags: 0,
  property: {
    ...testJob(FORCER).property,
    heldOutRoot: keccak256("0x01"),
    heldOutRows: 1000n,
    samples: 100,
    minCorrect: 80,
    priceWei: PRICE,
  },
  ...change,
});

let rig: Rig;
beforeEach(() => {
  rig = makeRig({ alloc: forcers });
  rig.deliver(gasDeposit(0), ethDeposit(0));
});
afterEach(() => rig.execution.close());

const refused = async (name: string, job: Job, valueWei = PRICE) => {
  const request = { from: testAddress(0), to: FORCER, data: forcerCall(name, job), valueWei };
  const { status, output } = await rig.execution.call(request, "latest");
  expect(status).toBe("revert");
  const { errorName, args } = decodeErrorResult({ abi: dnnAbi, data: output });
  return [errorName, ...(args ?? [])];
};

describe("what may be commissioned", () => {
  test("a bad property, or a job for the other call, reverts by name", async () => {
    rig.seal();
    const { property } = commission();
    expect(await refused("commission", commission({ property: { ...property, samples: 99 } }))).toEqual([
      "BadJob",
      "samples",
    ]);
    expect(await refused("commission", commission({ property: { ...property, minCorrect: 101 } }))).toEqual([
      "BadJob",
      "minCorrect",
    ]);
    expect(await refused("commission", testJob(FORCER))).toEqual(["BadJob", "kind"]);
    expect(await refused("train", commission())).toEqual(["BadJob", "kind"]);
    expect(await refused("train", { ...testJob(FORCER), property })).toEqual(["BadJob", "property"]);
    expect(await refused("commission", commission(), PRICE - 1n)).toEqual(["QuoteTooHigh", PRICE]);
  });

  test("its quote is the property's price, whatever counting costs", async () => {
    rig.seal();
    const data = encodeFunctionData({ abi: dnnAbi, functionName: "quote", args: [commission()] });
    const { output } = await rig.execution.call({ to: DNN_ADDRESS, data }, "latest");
    expect(BigInt(output)).toBe(PRICE);
  });
});

describe("a commissioned model", () => {
  test("is demanded with who waits for it, answers when it is final, and is paid for", async () => {
    const job = commission();
    const model = modelOf(job);
    await rig.send({ to: FORCER, data: forcerCall("commission", job), value: PRICE + 5n, gas: GAS });
    const asking = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    const infer = inferId(model, tensorRoot(bytesOfHex(INPUT)));
    expect(await rig.execution.status(asking)).toMatchObject({ state: "parked", id: infer });
    expect(await rig.execution.demands()).toMatchObject([
      { id: model, task: { kind: 4, startRoot: ZERO_HASH, priceWei: PRICE, steps: 2, datasetRows: 1000n } },
      { id: infer, task: { kind: 2, profile: 0 }, prerequisite: model },
    ]);
    const ofModel = claimed(model, { output: EIGHTY });
    const ofInfer = claimed(infer, { consumed: [ofModel.claimHash] });
    rig.deliver(ofModel, ofInfer);
    rig.seal();
    expect(await rig.execution.status(asking)).toMatchObject({ state: "parked" });
    rig.deliver(
      { kind: 5, id: model, claimHash: ofModel.claimHash },
      { kind: 5, id: infer, claimHash: ofInfer.claimHash },
    );
    rig.seal();
    expect((await rig.execution.receipt(asking))!.status).toBe("success");
    // In the order of their ids.
    const jobs = await rig.execution.jobs();
    expect(jobs).toHaveLength(2);
    expect(jobs.find(({ id }) => id === model)).toMatchObject({ status: "final", output: EIGHTY, escrowWei: 0n });
    const { balanceWei } = await rig.execution.account(CLAIMANT, "latest");
    expect(balanceWei).toBe(PRICE + 1_000n); // and an inference
  });
});
