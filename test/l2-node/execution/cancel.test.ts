import { type Hex, keccak256 } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { inferId } from "../../../common/job.ts";
import { encodeLedgerMessage } from "../../../l2-node/ledger/ledger-message.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";
import { done } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
const INPUT: Hex = "0x00010203";
const job = testJob(FORCER);
const id = inferId(modelOf(job), tensorRoot(Uint8Array.of(0, 1, 2, 3)));

let rig: Rig;
let waiting: Hex;
beforeEach(async () => {
  rig = makeRig({ alloc: forcers });
  rig.deliver(gasDeposit(0), ethDeposit(0), gasDeposit(1));
  await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: GAS });
  rig.seal();
  waiting = await ask();
  rig.seal();
});
afterEach(() => rig.execution.close());

const ask = (key = 0) => rig.send({ key, to: FORCER, data: forcerCall("infer", modelOf(job), INPUT), gas: GAS });
const cancel = (transaction: Hex, key = 0) =>
  rig.send({ key, to: LEDGER_ADDRESS, data: encodeLedgerMessage({ kind: "cancel", transaction }) });
const status = async (hash: Hex) => (await rig.execution.receipt(hash))?.status;
const finals = () => [modelOf(job), id].flatMap((of) => done(of));

describe("cancel", () => {
  it("ends a parked transaction in the block of the message; what is left of its gas becomes credit", async () => {
    expect(await rig.execution.status(waiting)).toMatchObject({ state: "parked" });
    const before = await rig.execution.credit(testAddress(0), "latest");
    const message = await cancel(waiting);
    const { header } = rig.seal();
    const receipt = (await rig.execution.receipt(waiting))!;
    expect(receipt).toMatchObject({ status: "failed", error: "cancelled by its sender", blockNumber: header.number });
    expect(receipt.transactionIndex).toBe(1); // after the block's own
    const own = (await rig.execution.receipt(message))!;
    expect([own.status, own.transactionIndex]).toEqual(["success", 0]);
    const returned =
      (GAS - receipt.gasUsed) * receipt.effectiveGasPrice + (100_000n - own.gasUsed) * own.effectiveGasPrice;
    expect(await rig.execution.credit(testAddress(0), "latest")).toBe(before + returned);
    expect([await rig.execution.parked(), await rig.execution.status(waiting)]).toEqual([
      [],
      { state: "final", blockNumber: header.number },
    ]);
  });

  it("of another's, of nothing, or twice changes nothing and fails itself", async () => {
    const strangers = await cancel(waiting, 1);
    const nothing = await cancel(keccak256("0x"), 1);
    rig.seal();
    expect([await status(strangers), await status(nothing)]).toEqual(["failed", "failed"]);
    expect(await rig.execution.status(waiting)).toMatchObject({ state: "parked" });
    const [first, second] = [await cancel(waiting), await cancel(waiting)];
    rig.seal();
    expect([await status(first), await status(second), await status(waiting)]).toEqual(["success", "failed", "failed"]);
  });

  it("comes too late in the block whose result resumes it", async () => {
    const message = await cancel(waiting);
    rig.deliver(...finals());
    expect([await status(waiting), await status(message)]).toEqual(["success", "failed"]);
  });

  it("leaves the others of its queue in their order, and its expiry without effect", async () => {
    const others = [await ask(1), await ask(1)];
    rig.seal();
    await cancel(waiting);
    rig.seal();
    expect(new Set(await rig.execution.parked())).toEqual(new Set(others));
    rig.deliver(...finals());
    const places = await Promise.all(others.map(async (hash) => (await rig.execution.receipt(hash))?.transactionIndex));
    expect(places).toEqual([0, 1]);
    expect(await Promise.all([...others, waiting].map(status))).toEqual(["success", "success", "failed"]);
    for (let i = 0; i < 3; i++) rig.deliver(ethDeposit(1));
    const replica = rig.fresh();
    expect(await replica.stateRoot("latest")).toBe(await rig.execution.stateRoot("latest"));
    await replica.close();
  });

  it("may come in the block that parks it, or by force", async () => {
    const hash = await ask();
    await cancel(hash);
    rig.seal();
    expect((await rig.execution.receipt(hash))?.transactionIndex).toBe(0);
    expect(await status(hash)).toBe("failed");
    const data = encodeLedgerMessage({ kind: "cancel", transaction: waiting });
    const envelope = await signRaw({ nonce: 4, to: LEDGER_ADDRESS, data });
    rig.deliver({ kind: 7, envelope, gasLimit: 100_000n });
    expect(await status(waiting)).toBe("failed");
    expect(await rig.execution.computeBalance(testAddress(0), "latest")).toBeLessThan(ETHER);
  });
});
