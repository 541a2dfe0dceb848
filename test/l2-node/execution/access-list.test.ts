import { concatHex, type Hex, pad, toFunctionSelector, toHex } from "viem";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS } from "../../../common/addresses.ts";
import { PARK_GAS } from "../../../l2-node/execution/dnn-gas.ts";
import { testAddress } from "../../support/transactions.ts";
import { turnsDuring } from "../../support/turns.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const job = testJob(FORCER);
const push32 = (word: Hex): Hex => concatHex(["0x7f", word]);
const selector = pad(toFunctionSelector("infer(bytes32,bytes)"), { dir: "right" });
/** memory 0: selector, 4: the model, 36: 64, 68: 32, 100: i; the stack holds i */
const head = concatHex([
  push32(selector),
  "0x5f52",
  push32(modelOf(job)),
  "0x600452",
  "0x6040602452",
  "0x6020604452",
  "0x5f",
]);
const start = toHex((head.length - 2) / 2, { size: 2 });
/** for (i = 0;; ++i) infer(model, abi.encode(i)) */
const endless = concatHex([
  head,
  "0x5b80606452",
  "0x5f5f60845f5f73",
  DNN_ADDRESS,
  "0x5af150",
  "0x600101",
  "0x61",
  start,
  "0x56",
]);

let rig: Rig;
/** Ids that were met: the shape of the graph is asked for each. */
let met = 0;
beforeEach(() => {
  met = 0;
});
beforeAll(async () => {
  const shapeOf = async () => {
    met++;
    return undefined;
  };
  rig = makeRig({ alloc: forcers, shapeOf });
  rig.deliver(gasDeposit(0), ethDeposit(0));
  await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
  rig.seal();
  await rig.execution.account(FORCER, "latest");
});
afterAll(() => rig.execution.close());

describe("an access list made of many attempts", () => {
  test.each([100_000n, 1_000_000n, 3_145_728n])("has a gas limit of %d for all of them together", async (gasLimit) => {
    const request = { from: testAddress(0), data: endless, gasLimit };
    const { result, turns } = await turnsDuring(() => rig.execution.createAccessList(request, "latest"));
    expect(result.error).toBe("out of gas");
    // Attempt k forces k ids, for 10,000 each at least.
    expect(BigInt(met) * PARK_GAS + BigInt((met * (met - 1)) / 2) * 10_000n).toBeLessThan(gasLimit);
    expect(met).toBeGreaterThan(0);
    expect(turns).toBeGreaterThanOrEqual(met);
  });

  test("which is no more than a transaction's, whatever the caller names", async () => {
    // if (2^24 < gas) invalid
    const data: Hex = "0x5a630100000010600b5700005bfe";
    const request = { from: testAddress(0), data, gasLimit: 20_000_000n };
    expect(await rig.execution.call(request, "latest")).toMatchObject({
      status: "halt",
    });
    expect((await rig.execution.createAccessList(request, "latest")).error).toBeUndefined();
  });
});
