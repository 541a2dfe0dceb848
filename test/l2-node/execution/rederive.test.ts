import { type Hex, keccak256, toHex } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { DNN_ADDRESS, LEDGER_ADDRESS } from "../../../common/addresses.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { inferId } from "../../../common/job.ts";
import type { ClaimedMessage, Message } from "../../../common/message.ts";
import type { Rederivation } from "../../../l2-node/execution/execution.ts";
import type { LazyExecution } from "../../../l2-node/execution/lazy.ts";
import { encodeLedgerMessage } from "../../../l2-node/ledger/ledger-message.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { seededRandom } from "../../support/random.ts";
import { testAddress } from "../../support/transactions.ts";
import { claimedSoft, final, overturned } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
const INPUT: Hex = "0x00010203";
const rootOf = (input: Hex) => tensorRoot(bytesOfHex(input));

let rig: Rig;
afterEach(() => rig.execution.close());

const claim = (id: Hex, n: number, fields: Partial<ClaimedMessage> = {}): ClaimedMessage =>
  claimedSoft(id, { claimHash: keccak256(toHex(`${id}${n}`)), output: toHex(n, { size: 4 }), ...fields });

/** Everything a fresh execution from genesis must agree on. */
async function summary(execution: LazyExecution, hashes: readonly Hex[]) {
  const number = await execution.executeTo("latest");
  return {
    number,
    root: await execution.stateRoot("latest"),
    receipts: await Promise.all(hashes.map((hash) => execution.receipt(hash))),
    statuses: await Promise.all(hashes.map((hash) => execution.status(hash))),
    demands: (await execution.demands()).map(({ id }) => id),
    uncertain: await execution.uncertainty({ account: FORCER, slot: "0x02" }),
  };
}

async function expectEqualToFresh(hashes: readonly Hex[]): Promise<void> {
  const fresh = rig.fresh();
  expect(await summary(rig.execution, hashes)).toEqual(await summary(fresh, hashes));
  await fresh.close();
}

describe("an overturned claim", () => {
  test("is felt at the L1 head, before any block consumes it; blocks stay, state is derived anew", async () => {
    rig = makeRig({ alloc: forcers });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER);
    await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: GAS });
    rig.seal();
    const id = inferId(modelOf(job), rootOf(INPUT));
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", modelOf(job), INPUT), gas: GAS });
    rig.seal();
    const lie = claim(id, 7);
    const consumedIn = rig.deliver(lie).header.number;
    for (let i = 0; i < 20; i++) {
      await rig.send({ key: 0, to: FORCER, data: forcerCall("increment"), gas: 100_000n });
      rig.deliver();
    }
    const blocks = () =>
      Array.from({ length: Number(rig.chain.heads().latest) }, (_, i) => rig.source.blockHash(BigInt(i + 1)));
    const before = blocks();
    expect(await rig.execution.status(hash)).toMatchObject({ state: "soft" });
    const rootBefore = await rig.execution.stateRoot("latest");

    const seen: Rederivation[] = [];
    rig.execution.events.on("rederived", (event) => seen.push(event));
    const latest = rig.chain.heads().latest;
    rig.mine(overturned(lie));
    expect(seen).toEqual([{ from: consumedIn, to: latest, claims: [lie.claimHash] }]);
    expect(rig.execution.executedNumber()).toBe(consumedIn - 1n);
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked", id });
    expect(await rig.execution.stateRoot("latest")).not.toBe(rootBefore);
    expect(await rig.execution.uncertainty({ account: FORCER, slot: "0x02" })).toEqual([]);
    expect(blocks()).toEqual(before);
    expect(rig.execution.rederivedCount()).toBe(1);
    await expectEqualToFresh([hash]);

    // Once overturned, an id acts only when it is final.
    const honest = claim(id, 8);
    rig.deliver(honest);
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
    rig.deliver(final(honest));
    expect(await rig.execution.status(hash)).toMatchObject({ state: "final" });
    expect(BigInt(await rig.execution.storage(FORCER, "0x02", "latest"))).toBe(0n); // first byte of 00000008
    expect(rig.execution.rederivedCount()).toBe(1);
    await expectEqualToFresh([hash]);
  });

  test("takes down what consumed it", async () => {
    rig = makeRig({ alloc: forcers });
    rig.deliver(gasDeposit(0), ethDeposit(0));
    const job = testJob(FORCER);
    await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: GAS });
    const hash = await rig.send({ to: FORCER, data: forcerCall("infer", modelOf(job), INPUT), gas: GAS });
    rig.seal();
    const model = claim(modelOf(job), 1);
    const infer = claim(inferId(modelOf(job), rootOf(INPUT)), 2, { consumed: [model.claimHash] });
    rig.deliver(model, infer);
    expect(await rig.execution.status(hash)).toMatchObject({ state: "soft" });
    rig.mine(overturned(model));
    expect(await rig.execution.status(hash)).toMatchObject({ state: "parked" });
    rig.deliver(overturned(infer));
    await expectEqualToFresh([hash]);
  });
});

/** Σ ledger + balances + credit not redeemed + fees + gas still held for parked transactions = what L1 holds. */
async function expectConservation(custodyWei: bigint, hashes: readonly Hex[]): Promise<void> {
  const latest = await rig.execution.executeTo("latest");
  const accounts = [0, 1, 2, 9].map(testAddress).concat([FORCER, DNN_ADDRESS, rig.file.sequencer]);
  let sum = await rig.execution.accountantFeesWei("latest");
  for (const account of accounts) {
    const ledger = rig.chain.store.blocks.account(account);
    sum += ledger.prepaidWei - ledger.redeemedWei;
    sum +=
      (await rig.execution.account(account, "latest")).balanceWei + (await rig.execution.credit(account, "latest"));
  }
  for (const hash of hashes) {
    const status = await rig.execution.status(hash);
    if (status?.state !== "parked") continue;
    const { number, index } = rig.chain.store.blocks.locate(hash)!;
    const entry = rig.source.block(number)!.transactions[index]!;
    if (entry.status === "skipped") throw new Error("parked and skipped");
    sum += (entry.transaction.gasLimit - entry.dataGas - status.quoteGas) * entry.priceWei;
  }
  expect(sum, `at block ${latest}`).toBe(custodyWei);
  // Compute money is where it is said to be; ids that were funded and never opened hold the rest.
  const compute = await Promise.all(accounts.map((account) => rig.execution.computeBalance(account, "latest")));
  const escrow = (await rig.execution.jobs()).map((job) => job.escrowWei);
  const owed = [...compute, ...escrow].reduce((total, wei) => total + wei, 0n);
  expect((await rig.execution.account(DNN_ADDRESS, "latest")).balanceWei).toBeGreaterThanOrEqual(owed);
}

test.each([
  { seed: 1, deadline: "far" },
  { seed: 2, deadline: "far" },
  { seed: 3, deadline: "soon" },
  { seed: 4, deadline: "soon" },
])(
  "random interleavings: the state is a function of blocks and overturned claims (seed $seed, deadline $deadline)",
  async ({ seed, deadline }) => {
    const random = seededRandom(seed);
    rig = makeRig({ alloc: forcers });
    const users = [0, 1, 2];
    rig.deliver(...users.flatMap((key) => [gasDeposit(key), ethDeposit(key)]));
    const custodyWei = 6n * ETHER;
    const job = testJob(FORCER, deadline === "soon" ? { deadline: 1_700_000_060n } : {});
    const hashes: Hex[] = [];
    hashes.push(await rig.send({ to: FORCER, data: forcerCall("train", job), value: 2_000_000_001n, gas: GAS }));
    rig.seal();
    const model = modelOf(job);
    const inputs: Hex[] = ["0x00", "0x01", "0x02", "0x03"];
    const ids = [model, ...inputs.map((input) => inferId(model, rootOf(input)))];
    const live = new Map<Hex, ClaimedMessage>();
    const done = new Set<Hex>();
    let n = 0;
    for (let round = 0; round < 40; round++) {
      for (let i = random.below(3); i > 0; i--) {
        const key = random.pick(users);
        const [first, second] = [random.pick(inputs), random.pick(inputs)];
        const fields = random.pick([
          { to: FORCER, data: forcerCall("infer", model, first), gas: GAS },
          { to: FORCER, data: forcerCall("inferTwo", model, first, second), gas: GAS },
          { to: FORCER, data: forcerCall("inferThenRevert", model, first), gas: 300_000n },
          { to: FORCER, data: forcerCall("increment"), gas: 100_000n },
          { to: testAddress(random.pick(users)), value: BigInt(random.below(1000)) },
          { to: LEDGER_ADDRESS, data: encodeLedgerMessage({ kind: "toBalance", amountWei: 5n }) },
          { to: FORCER, data: forcerCall("fund", random.pick(ids)), value: 77n, gas: GAS },
        ]);
        hashes.push(await rig.send({ key, ...fields }));
      }
      const messages: Message[] = [];
      const id = random.pick(ids);
      const current = live.get(id);
      if (current === undefined && !done.has(id)) {
        const consumed = id === model ? [] : [live.get(model)?.claimHash].filter((hash) => hash !== undefined);
        if (id === model || consumed.length === 1 || done.has(model)) {
          const next = claim(id, ++n, { consumed, soft: random.below(4) > 0 });
          live.set(id, next);
          messages.push(next);
        }
      } else if (current !== undefined && random.below(2) === 0) {
        // What consumed an overturned claim sinks with it; final comes only after what it consumed.
        messages.push(overturned(current));
        live.delete(id);
        for (const [other, dependent] of live)
          if (dependent.consumed.includes(current.claimHash)) {
            messages.push(overturned(dependent));
            live.delete(other);
          }
      } else if (
        current !== undefined &&
        !current.consumed.some((hash) => [...live.values()].some((c) => c.claimHash === hash))
      ) {
        messages.push(final(current));
        live.delete(id);
        done.add(id);
      }
      // Sometimes L1 says it and no block has consumed it yet.
      if (random.below(3) === 0) rig.mine(...messages);
      else rig.deliver(...messages);
      if (random.below(3) === 0) await rig.execution.executeTo("latest");
      if (random.below(8) === 0) {
        await expectEqualToFresh(hashes);
        await expectConservation(custodyWei, hashes);
      }
    }
    rig.deliver();
    await expectEqualToFresh(hashes);
    await expectConservation(custodyWei, hashes);
    // Beyond every deadline: what nobody computed fails, and its money goes back.
    while (rig.l1.head.timestamp < 1_700_000_060n + 1_900n) rig.l1.mine();
    rig.deliver();
    await expectEqualToFresh(hashes);
    await expectConservation(custodyWei, hashes);
    // Some of each kind happened, or the test shows nothing.
    const states = await Promise.all(hashes.map(async (hash) => (await rig.execution.status(hash))?.state));
    expect(states).toContain("final");
    const errors = await Promise.all(hashes.map(async (hash) => (await rig.execution.receipt(hash))?.error ?? ""));
    if (deadline === "soon") expect(errors.some((error) => error.endsWith("in time"))).toBe(true);
    expect(rig.execution.rederivedCount()).toBeGreaterThan(0);
  },
);
