// A model that many have asked becomes void: what they asked ends in blocks that have gas for it (P12.5, P14.4).
import { type Hex, keccak256, toHex } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { evaluateId, inferId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { TASK_KIND } from "../../../common/task.ts";
import { encodeLedgerMessage } from "../../../l2-node/ledger/ledger-message.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { claimed, done } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

/** Each counts 21,000 gas. */
const PER_BLOCK = 30;
const GAS = 300_000n;
const TRAIN_WEI = 2_000_000_000n;
const DATASET = keccak256("0xda");

let rig: Rig;
beforeEach(() => {
  rig = makeRig({ alloc: forcers, clocks: { l2BlockGasLimit: PER_BLOCK * 21_000 } });
  rig.deliver(gasDeposit(0), ethDeposit(0), gasDeposit(1, 10n * ETHER), ethDeposit(1));
});
afterEach(() => rig.execution.close());

const job = testJob(FORCER);
const model = modelOf(job);
const inputOf = (index: number) => Uint8Array.of(index);
const inferOf = (index: number, of = model) => inferId(of, tensorRoot(inputOf(index)));
const ask = (index: number, of = model) =>
  rig.send({ key: 1, to: FORCER, data: forcerCall("infer", of, toHex(inputOf(index))), gas: GAS });
async function train(of = job) {
  await rig.send({ to: FORCER, data: forcerCall("train", of), value: TRAIN_WEI, gas: 600_000n });
  rig.seal();
}
/** Asks the model that many different things. */
async function flood(count: number): Promise<Hex[]> {
  const hashes: Hex[] = [];
  for (let index = 0; index < count; index++) {
    hashes.push(await ask(index));
    rig.seal();
  }
  return hashes;
}
const voided = (graph: number): Message => ({ kind: 9, modelId: model, graph });
/** How many of the inferences have not given their money back. */
const unended = async () =>
  (await rig.execution.jobs()).filter(({ task, escrowWei }) => task.kind === TASK_KIND.infer && escrowWei > 0n).length;
const failed = async (hashes: readonly Hex[]) =>
  (await Promise.all(hashes.map((hash) => rig.execution.receipt(hash)))).filter((one) => one?.status === "failed");

describe.each([
  [PER_BLOCK - 1, 0],
  [PER_BLOCK, 0],
  [PER_BLOCK + 1, 1],
])("%i inferences, where a block has gas for 30", (count, later) => {
  test(`leave ${later} to the next block`, async () => {
    await train();
    const hashes = await flood(count);
    rig.deliver(voided(2));
    expect(await unended()).toBe(later);
    rig.deliver();
    expect(await unended()).toBe(0);
    // Two of them fit into a block.
    for (let resumed = 4; resumed < count; resumed += 2) rig.deliver();
    expect(await failed(hashes)).toHaveLength(count);
    await rig.expectReplicable();
  });
});

test("those that are final count for nothing any more", async () => {
  await train();
  await flood(PER_BLOCK + 2);
  rig.deliver(...done(model), ...done(inferOf(0)), ...done(inferOf(17)));
  rig.deliver(voided(2));
  expect(await unended()).toBe(0);
  await rig.expectReplicable();
});

test("those that have lapsed count for nothing any more", async () => {
  const early = testJob(FORCER, { deadline: rig.l1.head.timestamp + 1_000n });
  await train(early);
  for (const index of [0, 1]) {
    await ask(index, modelOf(early));
    rig.seal();
  }
  while (rig.l1.head.timestamp <= early.deadline + 1_800n) rig.l1.mine();
  rig.deliver(); // the two that waited
  rig.deliver(); // what they had paid
  expect(await unended()).toBe(0);
  await train();
  await flood(PER_BLOCK);
  rig.deliver({ kind: 9, modelId: modelOf(early), graph: 2 }, voided(2));
  expect(await unended()).toBe(0);
});

test("the void training takes along inferences, then evaluations, out of one gas limit", async () => {
  await train();
  await flood(PER_BLOCK - 1);
  const counting = (rows: number) =>
    rig.send({ key: 1, to: FORCER, data: forcerCall("evaluate", model, DATASET, rows), gas: GAS });
  await counting(50);
  rig.seal();
  await counting(100);
  rig.seal();
  rig.deliver(voided(1));
  const left = async () => (await rig.execution.jobs()).filter(({ escrowWei }) => escrowWei > 0n).map(({ id }) => id);
  expect(await left()).toEqual([evaluateId(model, DATASET, 100)]);
  rig.deliver();
  expect(await left()).toEqual([]);
});

test("what was due before comes first, and takes of the same gas", async () => {
  const early = testJob(FORCER, { deadline: rig.l1.head.timestamp + 1_000n });
  await train();
  await train(early);
  const waiting = await ask(0, modelOf(early));
  rig.seal();
  await flood(16);
  while (rig.l1.head.timestamp <= early.deadline) rig.l1.mine();
  rig.deliver(voided(2));
  expect(await rig.execution.receipt(waiting)).toMatchObject({ status: "failed" });
  expect(await unended()).toBe(2); // the escrow of what has expired, and the 16th: 300,000 + 15 × 21,000 ≤ 630,000
  rig.deliver();
  expect(await unended()).toBe(1);
});

test("an L1 that says something else of an earlier claim undoes a half-ended flood, and it ends again", async () => {
  const other = testJob(FORCER, { salt: keccak256("0x77") });
  await train();
  await train(other);
  const lie = claimed(inferOf(9, modelOf(other)), { soft: true });
  const fooled = await ask(9, modelOf(other));
  rig.seal();
  rig.deliver(lie);
  expect(await rig.execution.receipt(fooled)).toMatchObject({ status: "success" });
  await flood(PER_BLOCK + 5);
  rig.deliver(voided(2));
  expect(await unended()).toBe(5 + 1);
  rig.mine({ kind: 4, id: lie.id, claimHash: lie.claimHash, lostSeconds: 0n });
  expect(await rig.execution.receipt(fooled)).toBeUndefined();
  expect(await unended()).toBe(5 + 1);
  rig.seal();
  expect(await unended()).toBe(1);
  expect(rig.execution.rederivedCount()).toBe(1);
  await rig.expectReplicable();
});

describe.each([
  [15, true],
  [16, false],
])("a result that %i cancelled transactions and one that waits had asked for", (cancelled, resumes) => {
  test(`${resumes ? "resumes" : "does not resume"} it in its block: each counts 21,000, it 300,000 of 630,000`, async () => {
    await train();
    const hashes: Hex[] = [];
    for (let i = 0; i <= cancelled; i++) {
      hashes.push(await ask(0));
      rig.seal();
    }
    const live = hashes.pop()!;
    for (const transaction of hashes) {
      await rig.send({ key: 1, to: LEDGER_ADDRESS, data: encodeLedgerMessage({ kind: "cancel", transaction }) });
      rig.seal();
    }
    rig.deliver(...done(model), ...done(inferOf(0)));
    expect(await rig.execution.status(live)).toMatchObject({ state: resumes ? "final" : "parked" });
    rig.deliver();
    expect(await rig.execution.receipt(live)).toMatchObject({ status: "success" });
    await rig.expectReplicable();
  });
});
