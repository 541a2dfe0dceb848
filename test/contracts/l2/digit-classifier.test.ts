// The example dapp on the node's own EVM: straight-line Solidity that waits for results.
import {
  decodeErrorResult,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  keccak256,
  parseEventLogs,
  toHex,
} from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lower } from "../../../common/addresses.ts";
import { hexOf } from "../../../common/bytes.ts";
import { digitClassifierAbi as abi } from "../../../common/contracts/digit-classifier.ts";
import { evaluateId, inferId, type Job, trainId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { readArtifacts } from "../../../deploy/artifacts.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, type Rig, testJob } from "../../l2-node/execution/rig.ts";
import { testAddress } from "../../support/transactions.ts";

const DAPP = lower(getContractAddress({ from: testAddress(0), nonce: 0n }));
const GAS = 3_000_000n;
const TRAINING_WEI = 2_000_000_000n; // of testJob
const IMAGE = toHex(Uint8Array.from({ length: 64 }, (_, i) => i));
const floats = (...values: number[]): Hex => hexOf(new Uint8Array(Float32Array.from(values).buffer));

let rig: Rig;
let job: Job;
let model: Hex;
beforeEach(async () => {
  rig = makeRig();
  rig.deliver(gasDeposit(0), ethDeposit(0), gasDeposit(1), ethDeposit(1));
  job = testJob(DAPP);
  model = trainId(job);
  const { bytecode } = readArtifacts()("l2/examples/DigitClassifier");
  const created = await rig.send({ to: null, data: bytecode, gas: GAS });
  rig.seal();
  expect(await rig.execution.receipt(created)).toMatchObject({ status: "success", contractAddress: DAPP });
});
afterEach(() => rig.execution.close());

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
const trainCall = () => encodeFunctionData({ abi, functionName: "train", args: [job] });
const classifyCall = () => encodeFunctionData({ abi, functionName: "classify", args: [model, IMAGE] });
const inferenceId = () => inferId(model, tensorRoot(Buffer.from(IMAGE.slice(2), "hex")));
const train = () => rig.send({ to: DAPP, data: trainCall(), value: TRAINING_WEI, gas: GAS });
const read = async (data: Hex): Promise<bigint> => {
  const { output } = await rig.execution.call({ to: DAPP, data }, "latest");
  return BigInt(output);
};
const logsOf = async (hash: Hex) => parseEventLogs({ abi, logs: (await rig.execution.receipt(hash))?.logs as never });

describe("DigitClassifier", () => {
  it("lets only its owner spend on trainings and collect what they leave", async () => {
    for (const data of [trainCall(), encodeFunctionData({ abi, functionName: "collect" })]) {
      const { status, output } = await rig.execution.call({ from: testAddress(1), to: DAPP, data }, "latest");
      expect(status).toBe("revert");
      expect(decodeErrorResult({ abi, data: output }).errorName).toBe("OnlyOwner");
    }
  });

  it("classifies for anybody, once the result is there, the first of equal scores", async () => {
    const trained = await train();
    const classify = await rig.send({ key: 1, to: DAPP, data: classifyCall(), gas: GAS });
    rig.seal();
    expect(await logsOf(trained)).toMatchObject([{ eventName: "Trained", args: { model } }]);
    expect(await rig.execution.status(classify)).toMatchObject({ state: "parked", id: inferenceId() });

    const weights = claimed(model, [], "0x");
    const scores = floats(-1.5, 0, 7.25, -0, 7.25, 1, 2, 3, 4, 5);
    rig.deliver(weights, claimed(inferenceId(), [weights.claimHash], scores));
    expect(await logsOf(classify)).toMatchObject([{ eventName: "Classified", args: { model, label: 2n } }]);
    expect(await read(encodeFunctionData({ abi, functionName: "lastLabelPlusOne", args: [model] }))).toBe(3n);
  });

  it("counts what the model labels correctly", async () => {
    await train();
    const dataset = keccak256("0x05");
    const data = encodeFunctionData({ abi, functionName: "evaluate", args: [model, dataset, 100] });
    const evaluate = await rig.send({ to: DAPP, data, gas: GAS });
    rig.seal();
    const weights = claimed(model, [], "0x");
    rig.deliver(weights, claimed(evaluateId(model, dataset, 100), [weights.claimHash], floats(97)));
    expect(await logsOf(evaluate)).toMatchObject([{ eventName: "Evaluated", args: { correct: 97, total: 100 } }]);
  });

  it("trains and classifies in one transaction that waits in between", async () => {
    const data = encodeFunctionData({ abi, functionName: "trainAndClassify", args: [job, IMAGE] });
    const hash = await rig.send({ to: DAPP, data, value: TRAINING_WEI, gas: GAS });
    rig.seal();
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
    expect((await rig.execution.demands()).map(({ id }) => id)).toContain(model);

    const weights = claimed(model, [], "0x");
    rig.deliver(weights, claimed(inferenceId(), [weights.claimHash], floats(0, 0, 0, 0, 0, 0, 0, 0, 0, 1)));
    expect((await logsOf(hash)).map(({ eventName }) => eventName)).toEqual(["Trained", "Classified"]);
    expect((await rig.execution.account(testAddress(0), "latest")).balanceWei).toBe(ETHER - TRAINING_WEI);
  });
});
