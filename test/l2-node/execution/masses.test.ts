// What many together do to execution: thousands that wait for one result, a lie under thousands of blocks. `ANH_LONG=1`: thousands;
// else hundreds.
import { type Hex, keccak256, toHex } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { inferId, type Job } from "../../../common/job.ts";
import type { ClaimedMessage } from "../../../common/message.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { claimedSoft, final, overturned } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ETHER, ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const long = process.env.ANH_LONG === "1";
const MANY = long ? 3000 : 200;
const INPUT: Hex = "0x00010203";
const GAS = 600_000n;
/** Of one block: 60,000,000 gas. */
const PER_BLOCK = 100;
const USER = 0;
const BYSTANDER = 1;

let rig: Rig;
afterEach(() => rig.execution.close());

const claim = (id: Hex, output: Hex, salt = 0): ClaimedMessage =>
  claimedSoft(id, { claimHash: keccak256(toHex(`${id}${output}${salt}`)), output });

/** A model that was asked for; nobody has asked it anything. */
async function withModel(overrides: Partial<Job> = {}) {
  // A soft claim under thousands of blocks is not suspended for its age (P6.6).
  rig = makeRig({ alloc: forcers, clocks: { softWindowSeconds: 1e6 } });
  rig.deliver(gasDeposit(USER, 100n * ETHER), ethDeposit(USER), gasDeposit(BYSTANDER), ethDeposit(BYSTANDER));
  const job = testJob(FORCER, overrides);
  await rig.send({ key: USER, to: FORCER, data: forcerCall("train", job), value: 2_000_000_000n, gas: 1_000_000n });
  rig.seal();
  const model = modelOf(job);
  return { id: inferId(model, tensorRoot(bytesOfHex(INPUT))), ask: forcerCall("infer", model, INPUT) };
}

/** Many transactions that wait for one result, in the order of their inclusion. */
async function parkMany(ask: Hex): Promise<Hex[]> {
  const hashes: Hex[] = [];
  while (hashes.length < MANY) {
    for (let i = 0; i < 50; i++) hashes.push(await rig.send({ key: USER, to: FORCER, data: ask, gas: GAS }));
    rig.seal();
    await rig.execution.executeTo("latest");
  }
  return hashes;
}

const receipts = (hashes: readonly Hex[]) => Promise.all(hashes.map((hash) => rig.execution.receipt(hash)));
const sent = async () => Number(await rig.execution.storage(FORCER, "0x01", "latest"));

describe(`${MANY} transactions that wait for one result`, () => {
  test("resume in their order, no more of them in a block than it has gas for, and hold up nobody", async () => {
    const { id, ask } = await withModel();
    const hashes = await parkMany(ask);
    expect((await rig.execution.demands()).find((demand) => demand.id === id)?.parked).toEqual(hashes.toSorted());
    rig.mine(claim(id, "0x2a"));
    for (let resumed = 0; resumed < MANY; resumed += PER_BLOCK) {
      const plain = await rig.send({ key: BYSTANDER, to: testAddress(7), value: 1n });
      const { number } = rig.seal().header;
      expect(await rig.execution.receipt(plain)).toMatchObject({ status: "success", blockNumber: number });
      expect(await sent()).toBe(resumed + PER_BLOCK);
      const [first, last] = await receipts([hashes[resumed]!, hashes[resumed + PER_BLOCK - 1]!]);
      expect([first, last]).toMatchObject([
        { status: "success", blockNumber: number, transactionIndex: 1 },
        { status: "success", blockNumber: number, transactionIndex: PER_BLOCK },
      ]);
    }
    const place = (receipt: Awaited<ReturnType<typeof receipts>>[number]) =>
      1000 * Number(receipt!.blockNumber) + receipt!.transactionIndex;
    const places = (await receipts(hashes)).map(place);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(await rig.execution.demands()).toEqual([]);
  });

  test("end behind their deadline, no more of them in a block than it has gas for, and hold up nobody", async () => {
    const { ask } = await withModel({ deadline: 1_700_000_100n });
    const hashes = await parkMany(ask);
    while (rig.l1.head.timestamp <= 1_700_000_100n) rig.l1.mine();
    rig.mine();
    for (let ended = 0; ended < MANY; ended += PER_BLOCK) {
      const plain = await rig.send({ key: BYSTANDER, to: testAddress(7), value: 1n });
      const { number } = rig.seal().header;
      expect(await rig.execution.receipt(plain)).toMatchObject({ status: "success", blockNumber: number });
      const failed = (await rig.execution.blockReceipts(number)).filter(({ status }) => status === "failed");
      expect(failed.map(({ transactionHash }) => hashes.includes(transactionHash))).toEqual(
        Array(PER_BLOCK).fill(true),
      );
    }
    for (const receipt of await receipts(hashes)) expect(receipt).toMatchObject({ status: "failed" });
    expect(await sent()).toBe(0);
    const held = await rig.execution.credit(testAddress(USER), "latest");
    expect(held).toBeGreaterThan(0n); // what they had not used of their gas
  });
});

test(`a lie falls under ${MANY} blocks: their state is derived anew; no block and nothing of the ledger changes`, async () => {
  const { id, ask } = await withModel();
  const lie = claim(id, "0xbb");
  rig.deliver(lie);
  const hashes: Hex[] = [];
  for (let i = 0; i < MANY; i++) {
    const data = i % 10 === 0 ? ask : forcerCall("increment");
    hashes.push(await rig.send({ key: i % 2, to: FORCER, data, gas: GAS }));
    rig.deliver();
  }
  const posted = () => ({
    blocks: Array.from({ length: MANY + 3 }, (_, i) => rig.source.blockHash(BigInt(i + 1))),
    ledger: [USER, BYSTANDER, 9].map((key) => rig.chain.store.blocks.account(testAddress(key))),
  });
  const before = posted();
  expect(await sent()).toBe(MANY);
  expect(BigInt(await rig.execution.storage(FORCER, "0x02", "latest"))).toBe(0xbbn);
  expect(await rig.execution.uncertainty({ account: FORCER, slot: "0x02" })).toHaveLength(1);

  // Overturned, and once more: another lie about the same id has no effect that could be undone.
  const second = claim(id, "0xbc", 1);
  for (const message of [overturned(lie), second, overturned(second)]) {
    rig.mine(message);
    expect(await sent()).toBe(MANY - MANY / 10);
    expect(BigInt(await rig.execution.storage(FORCER, "0x02", "latest"))).toBe(0n);
    expect(await rig.execution.uncertainty({ account: FORCER, slot: "0x02" })).toEqual([]);
  }
  expect(rig.execution.rederivedCount()).toBe(1);
  expect(posted()).toEqual(before);

  const honest = claim(id, "0x2a", 2);
  rig.mine(honest);
  rig.deliver(final(honest));
  for (let waiting = MANY / 10 - PER_BLOCK; waiting > 0; waiting -= PER_BLOCK) rig.deliver();
  expect(await sent()).toBe(MANY);
  expect(BigInt(await rig.execution.storage(FORCER, "0x02", "latest"))).toBe(0x2an);
  const fresh = rig.fresh();
  expect(await fresh.stateRoot("latest")).toBe(await rig.execution.stateRoot("latest"));
  await fresh.close();
});
