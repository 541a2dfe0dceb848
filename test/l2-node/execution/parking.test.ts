import { decodeErrorResult, encodeFunctionData, type Hex, keccak256, parseEventLogs, toHex } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { evaluateId, inferId, type Job } from "../../../common/job.ts";
import type { ShapeSource } from "../../../l2-node/execution/shapes.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { CLAIMANT, claimedSoft, final } from "./claims.ts";
import { FORCER, forcerCall, forcerEvents, forcers, OTHER } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const INPUT = toHex(Uint8Array.from({ length: 16 }, (_, i) => i));
const OUTPUT: Hex = "0x2a00000000000000";
const GAS = 1_000_000n;

let rig: Rig;
afterEach(() => rig.execution.close());

const rootOf = (input: Hex) => tensorRoot(bytesOfHex(input));
/** A rig with a model asked for, and key 0 holding gas and ETH. */
async function withModel(overrides: Partial<Job> = {}, shapeOf?: ShapeSource) {
  rig = makeRig({ alloc: forcers, ...(shapeOf ? { shapeOf } : {}) });
  rig.deliver(gasDeposit(0), ethDeposit(0));
  const job = testJob(FORCER, overrides);
  const train = await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: GAS });
  rig.seal();
  const model = modelOf(job);
  return { job, model, train, infer: inferId(model, rootOf(INPUT)) };
}

describe("forcing a result that is not there", () => {
  test("train is a thunk: it is known, paid for, and nobody is asked to compute it", async () => {
    const { model, train } = await withModel();
    expect((await rig.execution.receipt(train))!.status).toBe("success");
    expect(await rig.execution.jobs()).toMatchObject([{ id: model, status: "open", escrowWei: 2_000_000_000n }]);
    expect(await rig.execution.demands()).toEqual([]);
  });

  test("an underpaid training, an unknown model, a wrong shape and a bad job revert by name", async () => {
    const { job, model } = await withModel();
    const call = async (name: string, args: unknown[], valueWei = 0n) => {
      const request = { from: testAddress(0), to: FORCER, data: forcerCall(name, ...args), valueWei };
      const { status, output } = await rig.execution.call(request, "latest");
      expect(status).toBe("revert");
      return decodeErrorResult({ abi: dnnAbi, data: output });
    };
    const other = { ...job, salt: keccak256("0x") };
    expect(await call("train", [other], 1_999_999_999n)).toMatchObject({
      errorName: "QuoteTooHigh",
      args: [2_000_000_000n],
    });
    expect(await call("train", [{ ...other, steps: 0 }])).toMatchObject({ errorName: "BadJob", args: ["steps"] });
    const { minWindowSeconds } = rig.source;
    const windowOf = (windowSeconds: number) => [{ ...other, windowSeconds }];
    const tooShort = { errorName: "BadJob", args: ["windowSeconds"] };
    expect(await call("train", windowOf(minWindowSeconds - 1), ETHER / 2n)).toMatchObject(tooShort);
    const quoted = await rig.execution.call(
      {
        to: DNN_ADDRESS,
        data: encodeFunctionData({
          abi: dnnAbi,
          functionName: "quote",
          args: [{ ...other, windowSeconds: minWindowSeconds - 1 }],
        }),
      },
      "latest",
    );
    expect(decodeErrorResult({ abi: dnnAbi, data: quoted.output })).toMatchObject(tooShort);
    // Exactly the shortest passes this check, and fails the next.
    expect(await call("train", windowOf(minWindowSeconds))).toMatchObject({ errorName: "QuoteTooHigh" });
    expect(await call("train", [{ ...other, deadline: 5n }], ETHER / 2n)).toMatchObject({
      errorName: "BadJob",
      args: ["deadline"],
    });
    expect(await call("infer", [keccak256("0x"), INPUT])).toMatchObject({ errorName: "UnknownModel" });
    expect(await call("infer", [model, "0x"])).toMatchObject({ errorName: "WrongShape" });
    expect(await call("infer", [model, `0x${"00".repeat(65_537)}`])).toMatchObject({ errorName: "WrongShape" });
    expect(await call("infer", [model, INPUT])).toMatchObject({ errorName: "NotReady" });
    expect(await call("evaluate", [model, keccak256("0x"), 75])).toMatchObject({ errorName: "BadJob" });
  });

  test("parks without effect, demands the inference and its model, and keeps the input", async () => {
    const { model, infer } = await withModel();
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    expect(await rig.execution.receipt(hash)).toBeUndefined();
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked", id: infer, sinceBlock: 3n });
    expect(await rig.execution.demands()).toMatchObject([
      { id: model, parked: [] },
      { id: infer, parked: [hash], prerequisite: model },
    ]);
    expect(await rig.execution.inputBytes(rootOf(INPUT))).toEqual(Buffer.from(bytesOfHex(INPUT)));
    expect(BigInt(await rig.execution.storage(FORCER, "0x00", "latest"))).toBe(0n);
    expect((await rig.execution.account(testAddress(0), "latest")).nonce).toBe(2n);
  });

  test("cannot be caught by the contract that waits", async () => {
    const { model } = await withModel();
    const hash = await rig.send({ to: FORCER, data: forcerCall("inferCaught", model, INPUT), gas: GAS });
    rig.seal();
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
  });

  test("in somebody else's contract it is an ordinary revert, unless the access list names the precompile", async () => {
    const { model, infer } = await withModel();
    const data = forcerCall("inferThrough", OTHER, model, INPUT);
    const plain = await rig.send({ to: FORCER, data, gas: GAS });
    rig.seal();
    const [caught] = parseEventLogs({ abi: forcerEvents, logs: (await rig.execution.receipt(plain))!.logs as never });
    expect(caught).toMatchObject({ eventName: "Caught" });
    expect(decodeErrorResult({ abi: dnnAbi, data: (caught as { args: { reason: Hex } }).args.reason })).toMatchObject({
      errorName: "NotReady",
      args: [infer],
    });
    const request = { from: testAddress(0), to: FORCER, data };
    const { accessList } = await rig.execution.createAccessList(request, "latest");
    expect(accessList.map(({ address }) => address)).toContain(DNN_ADDRESS);
    const listed = await rig.send({ to: FORCER, data, gas: GAS, accessList });
    rig.seal();
    expect(await rig.execution.status(listed)).toMatchObject({ state: "parked", id: infer });
  });

  test("with too little gas left to wait, or to pay, it fails and says so", async () => {
    const { model } = await withModel({ priceWeiPerGflop: 1_000_000n });
    const data = forcerCall("infer", model, INPUT);
    const poor = await rig.send({ to: FORCER, data, gas: 90_000n });
    rig.seal();
    expect(await rig.execution.receipt(poor)).toMatchObject({ status: "failed", gasUsed: 90_000n });

    await rig.execution.close();
    const dear = await withModel({ inferGraph: { root: keccak256("0x03"), flops: 10n ** 18n, bytes_: 40n } });
    const dearCall = { to: FORCER, data: forcerCall("infer", dear.model, INPUT) };
    const hash = await rig.send({ ...dearCall, gas: GAS });
    rig.seal();
    const receipt = (await rig.execution.receipt(hash))!;
    expect(receipt.status).toBe("failed");
    // Before it is sent the estimate says the same.
    const estimate = rig.execution.estimateGas({ ...dearCall, from: testAddress(0), priceWei: 1_000_000n }, "latest");
    const thrown = await estimate.catch((error) => error);
    for (const data of [receipt.revertData!, thrown.data])
      expect(decodeErrorResult({ abi: dnnAbi, data })).toMatchObject({ errorName: "QuoteTooHigh", args: [10n ** 15n] });
  });
});

describe("results", () => {
  test("a soft claim resumes the transaction in the block that consumes it; final pays the claimant", async () => {
    const { model, infer } = await withModel();
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    const modelClaim = claimedSoft(model);
    const inferClaim = claimedSoft(infer, { consumed: [modelClaim.claimHash], output: OUTPUT });
    const own = await rig.send({ to: FORCER, data: forcerCall("increment"), gas: GAS });
    const block = rig.deliver(modelClaim, inferClaim);

    const receipt = (await rig.execution.receipt(hash))!;
    expect(receipt).toMatchObject({
      status: "success",
      blockNumber: block.header.number,
      transactionIndex: 1,
      includedInBlock: 3n,
    });
    const [log] = parseEventLogs({ abi: forcerEvents, logs: receipt.logs as never });
    expect(log).toMatchObject({
      eventName: "Output",
      args: { output: OUTPUT, number: block.header.number, baseFee: block.header.baseFeeWei },
    });
    // The parked transaction ran before the block's own, and comes after it.
    expect((await rig.execution.blockReceipts(block.header.number)).map((r) => r.transactionHash)).toEqual([own, hash]);
    expect(BigInt(await rig.execution.storage(FORCER, "0x00", "latest"))).toBe(1n);
    expect(BigInt(await rig.execution.storage(FORCER, "0x01", "latest"))).toBe(2n);

    const open = [inferClaim.claimHash];
    expect(await rig.execution.status(hash)).toEqual({ state: "soft", blockNumber: block.header.number, open });
    expect(await rig.execution.uncertainty({ account: FORCER, slot: "0x02" })).toEqual(open);
    expect(await rig.execution.uncertainty({ account: testAddress(1) })).toEqual([]);

    rig.deliver(final(modelClaim), final(inferClaim));
    expect(await rig.execution.status(hash)).toMatchObject({ state: "final" });
    expect(await rig.execution.uncertainty({ account: FORCER, slot: "0x02" })).toEqual([]);
    expect((await rig.execution.account(CLAIMANT, "latest")).balanceWei).toBe(2_000_000_000n + 1_000n);
    expect((await rig.execution.jobs()).map((job) => job.status)).toEqual(["final", "final"]);
    // ⌈quote/price⌉ gas paid more than the quote: the rest is the sender's.
    const rest = await rig.execution.computeBalance(testAddress(0), "latest");
    expect(rest).toBe(receipt.effectiveGasPrice - 1_000n);
    expect((await rig.execution.account(DNN_ADDRESS, "latest")).balanceWei).toBe(rest);
  });

  test("a claim that may not act soft leaves it parked until it is final", async () => {
    const { model, infer } = await withModel();
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    const claim = claimedSoft(infer, { soft: false, output: OUTPUT });
    rig.deliver(claim);
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
    rig.deliver(final(claim));
    expect(await rig.execution.status(hash)).toMatchObject({ state: "final" });
  });

  test("a soft claim has no effect while what it consumes has none", async () => {
    const { model, infer } = await withModel();
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    const modelClaim = claimedSoft(model, { soft: false });
    rig.deliver(modelClaim, claimedSoft(infer, { consumed: [modelClaim.claimHash], output: OUTPUT }));
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
  });

  test("one transaction parks under id after id, each attempt charged", async () => {
    const { model } = await withModel();
    const second: Hex = "0x0102";
    const ids = [inferId(model, rootOf(INPUT)), inferId(model, rootOf(second))] as const;
    const hash = await rig.send({ to: FORCER, data: forcerCall("inferTwo", model, INPUT, second), gas: GAS });
    rig.seal();
    expect(await rig.execution.status(hash)).toMatchObject({ id: ids[0] });
    rig.deliver(claimedSoft(ids[0], { output: OUTPUT }));
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked", id: ids[1] });
    rig.deliver(claimedSoft(ids[1], { output: OUTPUT }));
    const receipt = (await rig.execution.receipt(hash))!;
    expect(receipt).toMatchObject({ status: "success" });
    expect(receipt.logs).toHaveLength(2);
    expect(receipt.gasUsed).toBeGreaterThan(200_000n);
    expect(await rig.execution.uncertainty({ transaction: hash })).toHaveLength(2);
  });

  test("a resumed transaction that reverts has a failed receipt and no effect", async () => {
    const { model, infer } = await withModel();
    const hash = await rig.send({ to: FORCER, data: forcerCall("inferThenRevert", model, INPUT), gas: GAS });
    rig.seal();
    rig.deliver(claimedSoft(infer, { output: OUTPUT }));
    expect(await rig.execution.receipt(hash)).toMatchObject({ status: "failed", error: "execution reverted" });
    expect(BigInt(await rig.execution.storage(FORCER, "0x00", "latest"))).toBe(0n);
  });

  test("training and using the model in one transaction", async () => {
    rig = makeRig({ alloc: forcers });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER);
    const model = modelOf(job);
    const infer = inferId(model, rootOf(INPUT));
    const value = 3_000_000_000n;
    const hash = await rig.send({ to: FORCER, data: forcerCall("trainAndInfer", job, INPUT), value, gas: GAS });
    rig.seal();
    expect((await rig.execution.demands()).map(({ id, escrowWei }) => [id, escrowWei > 0n])).toEqual([
      [model, false],
      [infer, true],
    ]);
    const claims = [claimedSoft(model), claimedSoft(infer, { output: OUTPUT })];
    rig.deliver(...claims);
    expect((await rig.execution.receipt(hash))!.status).toBe("success");
    rig.deliver(...claims.map(final));
    expect((await rig.execution.account(CLAIMANT, "latest")).balanceWei).toBe(2_000_000_000n + 1_000n);
    expect(await rig.execution.computeBalance(FORCER, "latest")).toBe(1_000_000_000n);
    const collect = await rig.send({ to: FORCER, data: forcerCall("collect"), gas: GAS });
    rig.seal();
    expect((await rig.execution.receipt(collect))!.status).toBe("success");
    expect((await rig.execution.account(FORCER, "latest")).balanceWei).toBe(1_000_000_000n);
  });

  test("evaluate reads the counter", async () => {
    const { model } = await withModel();
    const dataset = keccak256("0x07");
    const hash = await rig.send({ to: FORCER, data: forcerCall("evaluate", model, dataset, 100), gas: GAS });
    rig.seal();
    const counter = Buffer.alloc(4);
    counter.writeFloatLE(97);
    rig.deliver(claimedSoft(evaluateId(model, dataset, 100), { output: toHex(counter) }));
    const [log] = parseEventLogs({ abi: forcerEvents, logs: (await rig.execution.receipt(hash))!.logs as never });
    expect(log).toMatchObject({ eventName: "Score", args: { correct: 97, total: 100 } });
  });

  test("nobody computes: after the deadline the transaction fails and the money comes back", async () => {
    const now = 1_700_000_000n;
    const { model } = await withModel({ deadline: now + 100n });
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    const at = (seconds: bigint) => {
      while (rig.l1.head.timestamp < now + seconds) rig.l1.mine();
      rig.deliver();
    };
    at(98n);
    expect(rig.chain.head().header.timestamp).toBe(now + 100n);
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
    at(100n);
    expect(await rig.execution.receipt(hash)).toMatchObject({ status: "failed", blockNumber: 5n, transactionIndex: 0 });
    expect(await rig.execution.computeBalance(FORCER, "latest")).toBe(0n);
    at(1_902n);
    expect(await rig.execution.computeBalance(FORCER, "latest")).toBe(2_000_000_000n);
    expect(await rig.execution.computeBalance(testAddress(0), "latest")).toBeGreaterThanOrEqual(1_000n);
  });

  test("an input the graph cannot take is refused by name before anybody pays, where the node has the graph", async () => {
    const shapeOf = async () => ({ inputBytes: 16, outputBytes: 8 });
    const { model } = await withModel({}, shapeOf);
    const request = (input: Hex) => ({ from: testAddress(0), to: FORCER, data: forcerCall("infer", model, input) });
    await expect(rig.execution.estimateGas(request(INPUT), "latest")).resolves.toBeGreaterThan(100_000n);
    const error = await rig.execution.estimateGas(request("0x01"), "latest").catch((thrown) => thrown);
    expect(decodeErrorResult({ abi: dnnAbi, data: error.data })).toMatchObject({
      errorName: "WrongShape",
      args: [16n, 1n],
    });
  });

  test("estimateGas covers waiting: what it says suffices", async () => {
    const { model, infer } = await withModel();
    const data = forcerCall("infer", model, INPUT);
    const gas = await rig.execution.estimateGas(
      { from: testAddress(0), to: FORCER, data, priceWei: 2_000_000_000n },
      "latest",
    );
    const hash = await rig.send({ to: FORCER, data, gas: gas + 60_000n });
    rig.seal();
    rig.deliver(claimedSoft(infer, { output: OUTPUT }));
    expect((await rig.execution.receipt(hash))!.status).toBe("success");
  });
});
