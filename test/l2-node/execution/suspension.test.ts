import { type Hex, toHex } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { smallerOf } from "../../../common/bigint.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { inferId } from "../../../common/job.ts";
import type { ClaimedMessage, Message } from "../../../common/message.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import { chainSource } from "../../../l2-node/execution/chain-source.ts";
import type { Rederivation } from "../../../l2-node/execution/execution.ts";
import { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { follow, testNode } from "../../support/node.ts";
import { seededRandom } from "../../support/random.ts";
import { testAddress } from "../../support/transactions.ts";
import { claimedSoft, final, overturned } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
/** Seconds; L1 blocks come every two. */
const W = 10;
const D = 10;

let rig: Rig;
afterEach(() => rig.execution.close());

/** A rig with a trained-for model and one parked inference per input. */
async function withParked(inputs: readonly Hex[], clocks = { softWindowSeconds: W, softGraceSeconds: D }) {
  rig = makeRig({ alloc: forcers, clocks });
  rig.deliver(gasDeposit(0), ethDeposit(0));
  const job = testJob(FORCER);
  const model = modelOf(job);
  await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: GAS });
  rig.seal();
  const hashes: Hex[] = [];
  for (const input of inputs)
    hashes.push(await rig.send({ to: FORCER, data: forcerCall("infer", model, input), gas: GAS }));
  rig.seal();
  return { model, hashes, ids: inputs.map((input) => inferId(model, tensorRoot(bytesOfHex(input)))) };
}

/** Moves L1 to that time; nothing is sealed. */
function mineTo(timestamp: bigint): void {
  while (rig.l1.head.timestamp < timestamp) rig.mine();
}
const latest = (): number => Number(rig.chain.heads().latest);
const blockHashes = () => Array.from({ length: latest() }, (_, i) => rig.source.blockHash(BigInt(i + 1)));
const ledgers = () => [0, 1, 9].map((key) => rig.chain.store.blocks.account(testAddress(key)));
const count = async (): Promise<bigint> => BigInt(await rig.execution.storage(FORCER, "0x01", "latest"));

/** Receipts, standings and root must be those of an execution from genesis at the same head. */
async function expectEqualTo(other: LazyExecution, hashes: readonly Hex[]): Promise<void> {
  const summary = async (execution: LazyExecution) => ({
    number: await execution.executeTo("latest"),
    root: await execution.stateRoot("latest"),
    receipts: await Promise.all(hashes.map((hash) => execution.receipt(hash))),
    statuses: await Promise.all(hashes.map((hash) => execution.status(hash))),
  });
  expect(await summary(rig.execution)).toEqual(await summary(other));
  await other.close();
}
const expectEqualToFresh = (hashes: readonly Hex[]) => expectEqualTo(rig.fresh(), hashes);

describe("a soft claim that stays open", () => {
  test.each([
    { grace: D + 1, second: "t − 1", suspended: false },
    { grace: D, second: "t", suspended: false },
    { grace: D - 1, second: "t + 1", suspended: true },
  ])("$second, t being the last of W_soft + D_soft: suspended: $suspended", async ({ grace, suspended }) => {
    const { hashes, ids } = await withParked(["0x00"], { softWindowSeconds: W, softGraceSeconds: grace });
    const [hash, id] = [hashes[0]!, ids[0]!];
    const soft = claimedSoft(id);
    const consumedIn = rig.deliver(soft).header.number;
    const at = rig.l1.head.timestamp;
    await rig.send({ to: FORCER, data: forcerCall("increment"), gas: 100_000n });
    rig.seal();
    expect(await rig.execution.status(hash)).toMatchObject({ state: "soft" });
    const before = { blocks: blockHashes(), ledgers: ledgers(), last: rig.chain.heads().latest };
    const seen: Rederivation[] = [];
    rig.execution.events.on("rederived", (event) => seen.push(event));

    mineTo(at + BigInt(W + D));
    expect(rig.l1.head.timestamp).toBe(at + BigInt(W + D));
    expect({ blocks: blockHashes(), ledgers: ledgers(), last: rig.chain.heads().latest }).toEqual(before);
    expect(seen).toEqual(suspended ? [{ from: consumedIn, to: before.last, claims: [soft.claimHash] }] : []);
    expect(await rig.execution.status(hash)).toMatchObject({ state: suspended ? "parked" : "soft" });
    expect(await count()).toBe(suspended ? 1n : 2n);
    await expectEqualToFresh([hash]);

    // Its Final comes after t in any case. What was suspended stays so: the block that holds `Final` resumes it, once.
    const finalIn = rig.deliver(final(soft)).header.number;
    for (const later of [0n, 100n]) {
      mineTo(rig.l1.head.timestamp + later);
      expect(await rig.execution.status(hash)).toEqual({ state: "final", blockNumber: finalIn });
      expect(await count()).toBe(2n);
      await expectEqualToFresh([hash]);
    }
    expect(rig.execution.rederivedCount()).toBe(1);
  });

  test("keeps its effect for good where its Final comes in the last second", async () => {
    const { hashes, ids } = await withParked(["0x00"]);
    const soft = claimedSoft(ids[0]!);
    const consumedIn = rig.deliver(soft).header.number;
    const at = rig.l1.head.timestamp;
    mineTo(at + BigInt(W + D) - 2n);
    rig.deliver(final(soft));
    expect(rig.l1.head.timestamp).toBe(at + BigInt(W + D));
    mineTo(at + 100n);
    expect(await rig.execution.status(hashes[0]!)).toEqual({ state: "final", blockNumber: consumedIn });
    expect(rig.execution.rederivedCount()).toBe(0);
    await expectEqualToFresh(hashes);
  });

  test("takes its effect from what consumed it, which resumes by its own Final", async () => {
    const { model, hashes, ids } = await withParked(["0x00"]);
    const trained = claimedSoft(model);
    rig.deliver(trained);
    const at = rig.l1.head.timestamp;
    mineTo(at + 6n);
    const inferred = claimedSoft(ids[0]!, { consumed: [trained.claimHash] });
    rig.deliver(inferred);
    expect(await rig.execution.status(hashes[0]!)).toMatchObject({ state: "soft" });
    mineTo(at + BigInt(W + D) + 2n);
    expect(await rig.execution.status(hashes[0]!)).toMatchObject({ state: "parked" });
    rig.deliver(final(trained));
    expect(await rig.execution.status(hashes[0]!)).toMatchObject({ state: "parked" });
    await expectEqualToFresh(hashes);
    rig.deliver(final(inferred));
    expect(await rig.execution.status(hashes[0]!)).toMatchObject({ state: "final" });
    await expectEqualToFresh(hashes);
  });

  test("has its effect again when a fork of L1 takes the time back, and loses it once more", async () => {
    const { hashes, ids } = await withParked(["0x00"]);
    rig.deliver(claimedSoft(ids[0]!));
    const at = rig.l1.head.timestamp;
    mineTo(at + BigInt(W + D));
    const ancestor = rig.l1.head.number;
    mineTo(at + BigInt(W + D) + 2n);
    expect(await rig.execution.status(hashes[0]!)).toMatchObject({ state: "parked" });
    rig.l1.fork(ancestor);
    rig.chain.rewindL1(ancestor);
    expect(await rig.execution.status(hashes[0]!)).toMatchObject({ state: "soft" });
    await expectEqualToFresh(hashes);
    rig.mine();
    expect(await rig.execution.status(hashes[0]!)).toMatchObject({ state: "parked" });
    await expectEqualToFresh(hashes);
  });
});

const INPUTS = Array.from({ length: 10 }, (_, i) => toHex(i, { size: 1 }));

describe("eight overturns", () => {
  test.each([
    { seconds: W, trips: true },
    { seconds: W + 2, trips: false },
  ])(
    "within $seconds s of a window of ten: what is claimed afterwards waits for its Final: $trips",
    async ({ seconds, trips }) => {
      const { hashes, ids } = await withParked(INPUTS);
      const lies = ids.slice(0, 8).map((id) => claimedSoft(id));
      rig.deliver(...lies);
      rig.deliver(...lies.slice(0, 7).map(overturned));
      const first = rig.l1.head.timestamp;
      mineTo(first + BigInt(seconds - 2));
      // In the block of the eighth, after it: not yet.
      const together = claimedSoft(ids[8]!);
      rig.deliver(overturned(lies[7]!), together);
      const last = rig.l1.head.timestamp;
      expect(last - first).toBe(BigInt(seconds));
      const next = claimedSoft(ids[9]!);
      rig.deliver(next);
      const haveRun = async () =>
        Promise.all(hashes.slice(8).map(async (hash) => (await rig.execution.receipt(hash)) !== undefined));
      expect(await haveRun()).toEqual([true, !trips]);
      const rederived = rig.execution.rederivedCount();
      await expectEqualToFresh(hashes);
      // The pause is over, and changes nothing about what was claimed in it.
      mineTo(last + BigInt(W) + 2n);
      rig.deliver();
      expect(await haveRun()).toEqual([true, !trips]);
      rig.deliver(final(next));
      expect(await haveRun()).toEqual([true, true]);
      expect(rig.execution.rederivedCount()).toBe(rederived);
      await expectEqualToFresh(hashes);
    },
  );
});

describe("two nodes at one head", () => {
  test("agree, one having followed L1 block by block, the other reading it in steps of its own", async () => {
    const { model, hashes, ids } = await withParked(INPUTS);
    const trained = claimedSoft(model);
    const inferred = ids.map((id) => claimedSoft(id, { consumed: [trained.claimHash] }));
    const plain = ids.slice(5, 9).map((id) => claimedSoft(id));
    // What rests on a model that will be suspended; eight that fall, and one more that pauses for that.
    for (const messages of [
      [trained],
      inferred.slice(0, 5),
      inferred.slice(0, 4).map(overturned),
      plain,
      plain.map(overturned),
      [inferred[9]!],
    ]) {
      rig.deliver(...messages);
      await rig.execution.executeTo("latest");
    }
    mineTo(rig.l1.head.timestamp + BigInt(W + D));
    await rig.execution.executeTo("latest");
    rig.deliver(final(trained), final(inferred[4]!));
    rig.deliver(final(inferred[9]!));
    const blocks = Array.from({ length: latest() }, (_, i) => rig.chain.store.blocks.block(BigInt(i + 1)) as Block);
    rig.l1.mine([], [{ blocks }]);
    follow(rig.chain, rig.l1);
    rig.mine();
    expect(rig.execution.rederivedCount()).toBeGreaterThan(2);

    // Eight fell; the model and what rests on it were suspended; one was claimed in the pause.
    expect(rig.chain.withoutSoftEffect().size).toBe(8 + 2 + 1);
    for (const stepBlocks of [1n, 7n, 1000n]) {
      const { chain } = testNode(rig.file);
      const execution = new LazyExecution({ path: ":memory:" }, { source: chainSource(chain) });
      const head = rig.l1.head.number;
      for (let to = 0n; to < head; ) {
        const step = rig.l1.stepFrom(to);
        to = smallerOf(to + stepBlocks, head);
        const isIn = ({ l1Block }: { l1Block: bigint }) => l1Block <= to;
        chain.applyL1({
          ...step,
          head: rig.l1.headers[Number(to)]!,
          messages: step.messages.filter(isIn),
          batches: step.batches.filter(isIn),
        });
      }
      expect(chain.head().hash).toBe(rig.chain.head().hash);
      expect(chain.withoutSoftEffect()).toEqual(rig.chain.withoutSoftEffect());
      await expectEqualTo(execution, hashes);
    }
  });
});

test.each([2, 3])("random claims, finals, overturns and forks: any node derives the same (seed %d)", async (seed) => {
  const random = seededRandom(seed);
  const inputs = Array.from({ length: 40 }, (_, i) => toHex(i, { size: 1 }));
  const { hashes, ids } = await withParked(inputs, { softWindowSeconds: 10, softGraceSeconds: 4 });
  const unclaimed = [...ids];
  const open: ClaimedMessage[] = [];
  let suspended = 0;
  rig.execution.events.on("rederived", ({ claims }) => {
    if (!claims.some((claimHash) => rig.chain.overturned().has(claimHash))) suspended++;
  });
  const take = () => open.splice(random.below(open.length), 1)[0]!;
  for (let round = 0; round < 30; round++) {
    const messages: Message[] = [];
    for (let i = random.below(4); i > 0 && unclaimed.length > 0; i--) {
      const next = claimedSoft(unclaimed.pop()!, { soft: random.below(6) > 0 });
      open.push(next);
      messages.push(next);
    }
    for (let i = random.below(4); i > 0 && open.length > 4; i--)
      messages.push(random.below(4) > 0 ? overturned(take()) : final(take()));
    if (random.below(3) === 0) rig.mine(...messages);
    else rig.deliver(...messages);
    if (random.below(2) === 0) await rig.execution.executeTo("latest");
    if (random.below(6) === 0) {
      // The same messages again, on another branch and at another time.
      const ancestor = rig.l1.head.number - 1n;
      rig.l1.fork(ancestor);
      rig.chain.rewindL1(ancestor);
      rig.mine();
      rig.deliver(...messages);
    }
    if (random.below(6) === 0) await expectEqualToFresh(hashes);
  }
  while (open.length > 0) rig.deliver(final(take()));
  await expectEqualToFresh(hashes);
  // Some were suspended, or this shows nothing.
  expect(suspended).toBeGreaterThan(1);
});
