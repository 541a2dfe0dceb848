// The example that writes: a plain loop in which every round waits for an inference on what the rounds before it gave.
import { decodeErrorResult, encodeFunctionData, getContractAddress, type Hex, keccak256, parseEventLogs } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lower } from "../../../common/addresses.ts";
import { hexOf } from "../../../common/bytes.ts";
import { inferId, type Job, trainId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { ethDeposit, gasDeposit, makeRig, type Rig, testJob } from "../../l2-node/execution/rig.ts";
import { testAddress } from "../../support/transactions.ts";

const DAPP = lower(getContractAddress({ from: testAddress(0), nonce: 0n }));
const GAS = 3_000_000n;
const TRAINING_WEI = 2_000_000_000n; // of testJob
const { abi, bytecode } = readArtifacts()("l2/examples/Writer");

let rig: Rig;
let job: Job;
let model: Hex;
beforeEach(async () => {
  rig = makeRig();
  rig.deliver(gasDeposit(0), ethDeposit(0));
  job = testJob(DAPP);
  model = trainId(job);
  await rig.send({ to: null, data: bytecode, gas: GAS });
  await send("train", [job], TRAINING_WEI);
  await send("begin", [model, "0x010203"]);
  rig.seal();
});
afterEach(() => rig.execution.close());

const dataOf = (functionName: string, args: readonly unknown[]) => encodeFunctionData({ abi, functionName, args });
const send = (functionName: string, args: readonly unknown[], value = 0n) =>
  rig.send({ to: DAPP, data: dataOf(functionName, args), value, gas: GAS });

const claimed = (id: Hex, consumed: Hex[], output: Hex): Message & { kind: 3 } => ({
  kind: 3,
  id,
  claimHash: keccak256(id),
  claimant: testAddress(9),
  resultRoot: keccak256(id),
  soft: true,
  consumed,
  output,
  failedSteps: 0,
});
/** The inference on these ids, whose greatest score is that of `best`. */
function foretells(ids: readonly number[], best: number) {
  const id = inferId(model, tensorRoot(Uint8Array.from(ids)));
  const scores = Float32Array.from({ length: 6 }, (_, i) => (i === best ? 2 : -i));
  return { id, claim: claimed(id, [keccak256(model)], hexOf(new Uint8Array(scores.buffer))) };
}

describe("Writer", () => {
  it("lets only its owner spend on trainings", async () => {
    const { output } = await rig.execution.call(
      { from: testAddress(1), to: DAPP, data: dataOf("train", [job]) },
      "latest",
    );
    expect(decodeErrorResult({ abi, data: output }).errorName).toBe("OnlyOwner");
  });

  it("refuses a prompt that is shorter than what the model reads", async () => {
    const { output } = await rig.execution.call({ to: DAPP, data: dataOf("write", [model, 4n, 1n]) }, "latest");
    expect(decodeErrorResult({ abi, data: output })).toMatchObject({ errorName: "PromptTooShort", args: [4n, 3n] });
  });

  it("waits for one inference after the other, each on what was written before, and goes on where it stopped", async () => {
    const [first, second, third] = [foretells([2, 3], 5), foretells([3, 5], 0), foretells([5, 0], 4)];
    const writing = await send("write", [model, 2n, 2n]);
    rig.seal();
    expect(await rig.execution.status(writing)).toMatchObject({ state: "parked", id: first.id });
    rig.deliver(claimed(model, [], "0x"), first.claim);
    expect(await rig.execution.status(writing)).toMatchObject({ state: "parked", id: second.id });
    rig.deliver(second.claim);
    const { logs } = (await rig.execution.receipt(writing))!;
    expect(parseEventLogs({ abi, logs: logs as never })).toMatchObject([
      { eventName: "Written", args: { model, ids: "0x0500" } },
    ]);

    const more = await send("write", [model, 2n, 1n]);
    rig.seal();
    expect(await rig.execution.status(more)).toMatchObject({ state: "parked", id: third.id });
    rig.deliver(third.claim);
    const { output } = await rig.execution.call({ to: DAPP, data: dataOf("textOf", [model]) }, "latest");
    expect(output).toContain("010203050004");
  });

  it("has what a training did not use paid out to its owner alone", async () => {
    const { output } = await rig.execution.call(
      { from: testAddress(1), to: DAPP, data: dataOf("collect", []) },
      "latest",
    );
    expect(decodeErrorResult({ abi, data: output }).errorName).toBe("OnlyOwner");
  });
});
