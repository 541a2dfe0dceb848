import { concatHex, decodeErrorResult, type Hex, numberToHex, size } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS, LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { dnnAbi } from "../../../common/contracts/dnn.ts";
import { inferId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { encodeLedgerMessage } from "../../../l2-node/ledger/ledger-message.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { CLAIMANT, claimedSoft, done, final } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, inferCall, makeRig, modelOf, type Rig, testJob, trainCall } from "./rig.ts";

const GAS = 1_000_000n;
const TRAIN_WEI = 2_000_000_000n;
const INFER_WEI = 1_000n;
const NOW = 1_700_000_000n;
const SENDER = 0;
const OTHER = 1;
const INPUT: Hex = "0x00";
const PRICE = { escrowWei: 0n, pledgedWei: TRAIN_WEI };
const NOTHING = { escrowWei: 0n, pledgedWei: 0n };

/** Call data are a `train` and an `infer`. It trains only while its slot 0 is empty, which one byte of call data fills. */
const FICKLE = `0x${"f1".repeat(20)}` as const;
const dnn = concatHex(["0x73", DNN_ADDRESS, "0x5af150"]);
const trainBytes = numberToHex(size(trainCall(testJob(FICKLE))), { size: 2 });
const fickle = concatHex([
  "0x36600114605b575f54603157", // calldatasize = 1: to 0x5b; slot 0 full: to 0x31
  concatHex(["0x61", trainBytes, "0x5f5f37", "0x5f5f61", trainBytes, "0x5f47", dnn]), // the training, with all its balance
  concatHex(["0x5b61", trainBytes, "0x3603", "0x8061", trainBytes, "0x5f37", "0x5f5f825f5f", dnn, "0x00"]), // 0x31: the rest
  "0x5b60015f5500", // 0x5b
]);

let rig: Rig;
afterEach(() => rig.execution.close());

const job = testJob(FORCER);
const model = modelOf(job);
const infer = inferId(model, tensorRoot(Uint8Array.of(0)));

const of = async (id: Hex) => {
  const record = (await rig.execution.jobs()).find((one) => one.id === id);
  return record && { escrowWei: record.escrowWei, pledgedWei: record.pledgedWei };
};
async function send(key: number, to: Hex, data: Hex, value = 0n): Promise<Hex> {
  const hash = await rig.send({ key, to, data, value, gas: GAS });
  rig.seal();
  return hash;
}
const status = async (hash: Hex) => (await rig.execution.receipt(hash))?.status;
const cancel = (transaction: Hex) => send(SENDER, LEDGER_ADDRESS, encodeLedgerMessage({ kind: "cancel", transaction }));
function passTo(seconds: bigint): void {
  while (rig.l1.head.timestamp < NOW + seconds) rig.l1.mine();
  rig.deliver();
}

/** A transaction of SENDER's that trained and waits; its job's requester is FORCER. */
async function waiting(of = job, value = TRAIN_WEI): Promise<Hex> {
  rig = makeRig({ alloc: { ...forcers, [FICKLE]: { nonce: 1n, code: fickle } } });
  rig.deliver(gasDeposit(SENDER), ethDeposit(SENDER), gasDeposit(OTHER), ethDeposit(OTHER));
  return send(SENDER, FORCER, forcerCall("trainAndInfer", of, INPUT), value);
}

describe("a training that its transaction undid by parking", () => {
  test("is pledged for out of the sender's balance, and demanded so", async () => {
    await waiting(job, 2n * TRAIN_WEI);
    expect(await rig.execution.demands()).toMatchObject([
      { id: model, ...PRICE },
      { id: infer, pledgedWei: 0n },
    ]);
    expect(await rig.balanceOf(testAddress(SENDER))).toBe(ETHER - TRAIN_WEI);
    expect(await rig.balanceOf(FORCER)).toBe(0n);
  });

  test.each([
    ["was cancelled", async (hash: Hex) => cancel(hash)],
    ["expired", async () => passTo(100n)],
  ])("is paid to whoever computed it when the transaction %s", async (_, end) => {
    const job = testJob(FORCER, { deadline: NOW + 100n });
    const model = modelOf(job);
    const hash = await waiting(job);
    await end(hash);
    expect(await status(hash)).toBe("failed");
    expect(await of(model)).toEqual(PRICE);
    rig.deliver(...done(model));
    expect(await rig.balanceOf(CLAIMANT)).toBe(TRAIN_WEI);
    expect(await of(model)).toEqual(NOTHING);
    expect(await rig.balanceOf(testAddress(SENDER))).toBe(ETHER - TRAIN_WEI);
    await rig.expectReplicable();
  });

  test("is paid once, by the transaction itself, whether its result is final by then or not", async () => {
    for (const before of [[], done(model)]) {
      const hash = await waiting(job, 2n * TRAIN_WEI);
      rig.deliver(...before);
      expect(await rig.balanceOf(CLAIMANT)).toBe(0n);
      rig.deliver(...(before.length === 0 ? [claimedSoft(model)] : []), claimedSoft(infer));
      expect(await status(hash)).toBe("success");
      rig.deliver(...(before.length === 0 ? [final(claimedSoft(model))] : []), final(claimedSoft(infer)));
      expect(await rig.balanceOf(CLAIMANT)).toBe(TRAIN_WEI + INFER_WEI);
      expect([await of(model), await rig.computeOf(FORCER)]).toEqual([NOTHING, TRAIN_WEI]);
      expect(await rig.balanceOf(testAddress(SENDER))).toBe(ETHER - 2n * TRAIN_WEI);
      await rig.expectReplicable();
      await rig.execution.close();
    }
  });

  test("is paid by whoever else asks for it first, and the pledge returns", async () => {
    const hash = await waiting();
    expect(await status(await send(OTHER, FORCER, forcerCall("train", job), TRAIN_WEI - 1n))).toBe("failed");
    expect(await status(await send(OTHER, FORCER, forcerCall("train", job), TRAIN_WEI))).toBe("success");
    expect(await of(model)).toEqual({ escrowWei: TRAIN_WEI, pledgedWei: 0n });
    expect(await rig.balanceOf(testAddress(SENDER))).toBe(ETHER);
    rig.deliver(...done(model), ...done(infer));
    expect(await status(hash)).toBe("success");
    expect(await rig.balanceOf(CLAIMANT)).toBe(TRAIN_WEI + INFER_WEI);
    expect(await rig.computeOf(FORCER)).toBe(TRAIN_WEI); // its own, which is one too many
  });

  test("asked for once more when it is final and paid costs nobody anything", async () => {
    const hash = await waiting();
    await cancel(hash);
    rig.deliver(...done(model));
    expect(await status(await send(OTHER, FORCER, forcerCall("train", job), 5n))).toBe("success");
    expect([await rig.balanceOf(CLAIMANT), await rig.computeOf(FORCER)]).toEqual([TRAIN_WEI, 5n]);
  });

  test("gives all of it back when the id lapses: gifts to the requester, the pledge to the sender", async () => {
    const short = testJob(FORCER, { deadline: NOW + 100n });
    const id = modelOf(short);
    const hash = await waiting(short);
    await send(OTHER, FORCER, forcerCall("fund", id), 7n);
    expect(await of(id)).toEqual({ escrowWei: 7n, pledgedWei: TRAIN_WEI });
    const inferWei = (await of(inferId(id, tensorRoot(Uint8Array.of(0)))))!.escrowWei;
    passTo(1_898n); // a block's time is its origin's and 2 s
    expect([await status(hash), await of(id)]).toEqual(["failed", { escrowWei: 7n, pledgedWei: TRAIN_WEI }]);
    passTo(1_902n);
    expect(await of(id)).toEqual(NOTHING);
    expect([await rig.computeOf(FORCER), await rig.computeOf(testAddress(SENDER))]).toEqual([7n, TRAIN_WEI + inferWei]);
    await rig.expectReplicable();
  });

  test("is paid out of gifts first", async () => {
    const hash = await waiting();
    await send(OTHER, FORCER, forcerCall("fund", model), 7n);
    await cancel(hash);
    rig.deliver(...done(model));
    expect(await rig.balanceOf(CLAIMANT)).toBe(TRAIN_WEI);
    expect([await rig.computeOf(FORCER), await rig.computeOf(testAddress(SENDER))]).toEqual([0n, 7n]);
  });

  test("is pledged for again when the result that its transaction resumed with is overturned", async () => {
    const hash = await waiting();
    const lies = [claimedSoft(model), claimedSoft(infer)];
    rig.deliver(...lies);
    expect([await status(hash), await of(model)]).toEqual(["success", { escrowWei: TRAIN_WEI, pledgedWei: 0n }]);
    rig.deliver(...lies.map(({ id, claimHash }): Message => ({ kind: 4, id, claimHash, lostSeconds: 0n })));
    expect([await rig.execution.status(hash), await of(model)]).toMatchObject([{ state: "parked" }, PRICE]);
    await cancel(hash);
    rig.deliver(...done(model));
    expect([await status(hash), await rig.balanceOf(CLAIMANT)]).toEqual(["failed", TRAIN_WEI]);
    await rig.expectReplicable();
  });
});

describe("a transaction that does not pay for the training it had computed", () => {
  const fickleJob = testJob(FICKLE);
  const id = modelOf(fickleJob);
  const forced = inferId(id, tensorRoot(Uint8Array.of(0)));
  const data = concatHex([trainCall(fickleJob), inferCall(id, INPUT)]);
  async function start(value = TRAIN_WEI): Promise<Hex> {
    await waiting();
    const hash = await send(OTHER, FICKLE, data, value);
    expect([await rig.execution.status(hash), await of(id)]).toMatchObject([{ state: "parked", id: forced }, PRICE]);
    return hash;
  }

  test("fails, though it would succeed, and what it pledged stays so", async () => {
    const hash = await start();
    await send(SENDER, FICKLE, "0x01");
    rig.deliver(claimedSoft(id), claimedSoft(forced));
    expect(await rig.execution.receipt(hash)).toMatchObject({ status: "failed", logs: [] });
    expect((await rig.execution.receipt(hash))!.error).toMatch(/did not pay/);
    expect(await of(id)).toEqual(PRICE);
    expect([await rig.balanceOf(testAddress(OTHER)), await rig.balanceOf(FICKLE)]).toEqual([ETHER - TRAIN_WEI, 0n]);
    rig.deliver(final(claimedSoft(id)), final(claimedSoft(forced)));
    expect(await rig.balanceOf(CLAIMANT)).toBe(TRAIN_WEI + INFER_WEI);
    await rig.expectReplicable();
  });

  test("succeeds if gifts have paid it meanwhile", async () => {
    const hash = await start();
    await send(SENDER, FICKLE, "0x01");
    await send(SENDER, FORCER, forcerCall("fund", id), TRAIN_WEI);
    rig.deliver(...done(id), claimedSoft(forced));
    expect(await status(hash)).toBe("success");
    expect([await of(id), await rig.balanceOf(CLAIMANT)]).toEqual([NOTHING, TRAIN_WEI]);
    // Its value went to the contract.
    expect(await rig.balanceOf(testAddress(OTHER))).toBe(ETHER - TRAIN_WEI);
  });

  test("because its sender spent the value elsewhere has pledged for good", async () => {
    const hash = await start(2n * TRAIN_WEI);
    await send(OTHER, testAddress(5), "0x", ETHER - 2n * TRAIN_WEI + 1n);
    rig.deliver(...done(id), claimedSoft(forced));
    expect(await rig.execution.receipt(hash)).toMatchObject({ status: "failed" });
    expect((await rig.execution.receipt(hash))!.error).toMatch(/insufficient balance/);
    expect(await rig.balanceOf(CLAIMANT)).toBe(TRAIN_WEI);
    expect(await rig.balanceOf(testAddress(OTHER))).toBe(TRAIN_WEI - 1n);
  });

  test("never parks if the training is dearer than its value, which is all that may be pledged", async () => {
    await waiting();
    rig.deliver({ kind: 2, from: FICKLE, to: FICKLE, amountWei: 1n });
    const request = { from: testAddress(OTHER), to: FICKLE, data, valueWei: TRAIN_WEI - 1n };
    const thrown = await rig.execution.estimateGas(request, "latest").catch((error) => error);
    const hash = await send(OTHER, FICKLE, data, TRAIN_WEI - 1n);
    const receipt = (await rig.execution.receipt(hash))!;
    expect(receipt).toMatchObject({ status: "failed", error: expect.stringContaining("more than its value") });
    for (const revertData of [thrown.data, receipt.revertData])
      expect(decodeErrorResult({ abi: dnnAbi, data: revertData })).toMatchObject({
        errorName: "QuoteTooHigh",
        args: [TRAIN_WEI],
      });
    expect([await of(id), await of(forced), await rig.balanceOf(testAddress(OTHER))]).toEqual([
      undefined,
      undefined,
      ETHER,
    ]);
  });
});
