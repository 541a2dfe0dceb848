// What waits for a result at its job's deadline (P6.9, P12.5): a claim may hold it, and lost claims move the deadline.
import { type Hex, keccak256 } from "viem";
import { afterEach, describe, expect, test } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { inferId } from "../../../common/job.ts";
import type { Message } from "../../../common/message.ts";
import { ORIGIN_LAG_SECONDS } from "../../../l2-node/execution/escrow.ts";
import { MAX_PARKED_SECONDS } from "../../../l2-node/execution/parking.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { testAddress } from "../../support/transactions.ts";
import { claimed, done, final, overturnedAfter } from "./claims.ts";
import { FORCER, forcerCall, forcers } from "./forcer.ts";
import { ethDeposit, gasDeposit, makeRig, modelOf, type Rig, testJob } from "./rig.ts";

const GAS = 1_000_000n;
const TRAIN_WEI = 2_000_000_000n;
const INPUT: Hex = "0x00";
const START = 1_700_000_000n;
const DEADLINE = START + 100n;
const LOST = 50n;

let rig: Rig;
afterEach(() => rig.execution.close());

async function parked(deadline = DEADLINE, l1Seconds = 2n) {
  rig = makeRig({ alloc: forcers, l1Seconds });
  rig.deliver(gasDeposit(0), ethDeposit(0));
  const job = testJob(FORCER, { deadline });
  const model = modelOf(job);
  await rig.send({ to: FORCER, data: forcerCall("train", job), value: TRAIN_WEI, gas: GAS });
  rig.seal();
  const hash = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
  rig.seal();
  return { hash, model, infer: inferId(model, tensorRoot(bytesOfHex(INPUT))) };
}

/** A block of that second, with these messages. */
function at(second: bigint, ...messages: Message[]): void {
  const [before, head] = rig.l1.headers.slice(-2);
  const step = (head?.timestamp ?? 0n) - (before?.timestamp ?? 0n);
  while (rig.l1.head.timestamp + step < second) rig.l1.mine();
  rig.deliver(...messages);
  expect(rig.chain.head().header.timestamp).toBe(second);
}
const stateOf = async (hash: Hex) => (await rig.execution.status(hash))?.state;
const escrowOf = async (id: Hex) => (await rig.execution.jobs()).find((job) => job.id === id)!.escrowWei;

describe("a claim that is there at the deadline", () => {
  test.each(["its own", "its model's"])("holds what waits (%s)", async (whose) => {
    const { hash, model, infer } = await parked();
    const held = whose === "its own" ? infer : model;
    at(DEADLINE, claimed(held));
    at(DEADLINE + 2n);
    at(DEADLINE + ORIGIN_LAG_SECONDS + 2_000n);
    expect(await stateOf(hash)).toBe("parked");
    expect(await escrowOf(infer)).toBeGreaterThan(0n);
    expect(await escrowOf(model)).toBe(whose === "its own" ? 0n : TRAIN_WEI);
    at(DEADLINE + ORIGIN_LAG_SECONDS + 3_000n, final(claimed(held)), ...(whose === "its own" ? [] : [...done(infer)]));
    expect((await rig.execution.receipt(hash))!.status).toBe("success");
    expect(await escrowOf(held)).toBe(0n);
  });

  test("holds nothing for longer than a transaction waits at all", async () => {
    const { hash, infer } = await parked(START + 600n * 10n, 600n);
    const last = rig.chain.head().header.timestamp + MAX_PARKED_SECONDS;
    at(START + 600n * 10n, claimed(infer));
    at(last);
    expect(await stateOf(hash)).toBe("parked");
    at(last + 600n);
    expect((await rig.execution.receipt(hash))!.status).toBe("failed");
  });
});

describe("a claim that is lost", () => {
  test.each(["its own", "its model's"])(
    "moves the deadline: t is in time, the next block is not (%s)",
    async (whose) => {
      const { hash, model, infer } = await parked();
      const held = whose === "its own" ? infer : model;
      at(DEADLINE - 10n, claimed(held));
      at(DEADLINE - 2n, overturnedAfter(claimed(held), LOST));
      at(DEADLINE + 2n);
      expect(await stateOf(hash)).toBe("parked");
      at(DEADLINE + LOST);
      expect(await stateOf(hash)).toBe("parked");
      at(DEADLINE + LOST + 2n);
      expect((await rig.execution.receipt(hash))!.status).toBe("failed");
      at(DEADLINE + LOST + ORIGIN_LAG_SECONDS);
      expect(await escrowOf(infer)).toBeGreaterThan(0n);
      at(DEADLINE + LOST + ORIGIN_LAG_SECONDS + 2n);
      expect(await escrowOf(infer)).toBe(0n);
      expect(await rig.execution.computeBalance(testAddress(0), "latest")).toBeGreaterThan(0n);
    },
  );

  test("behind the deadline moves it all the same, and what is forced then waits", async () => {
    const { hash, model, infer } = await parked();
    at(DEADLINE, claimed(infer));
    at(DEADLINE + 20n, overturnedAfter(claimed(infer), LOST));
    expect(await stateOf(hash)).toBe("parked");
    const second = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    expect(await stateOf(second)).toBe("parked");
    // Looked at again no sooner than a while after the deadline, when the claim still held them.
    at(DEADLINE + 700n);
    expect((await rig.execution.receipt(hash))!.status).toBe("failed");
    expect((await rig.execution.receipt(second))!.status).toBe("failed");
    const late = await rig.send({ to: FORCER, data: forcerCall("infer", model, INPUT), gas: GAS });
    rig.seal();
    expect((await rig.execution.receipt(late))!.status).toBe("failed");
  });
});

test("what waits for a second result is not bound by the deadline of the first", async () => {
  const { model, infer } = await parked(START + 10_000n);
  const other = testJob(FORCER, { deadline: DEADLINE, salt: keccak256("0x02") });
  await rig.send({ to: FORCER, data: forcerCall("train", other), value: TRAIN_WEI, gas: GAS });
  rig.seal();
  const both = await rig.send({ to: FORCER, data: forcerCall("inferBoth", modelOf(other), model, INPUT), gas: GAS });
  rig.seal();
  const first = inferId(modelOf(other), tensorRoot(bytesOfHex(INPUT)));
  at(DEADLINE - 2n, ...done(first));
  expect(await stateOf(both)).toBe("parked");
  at(DEADLINE + 2n);
  expect(await stateOf(both)).toBe("parked");
  at(DEADLINE + 20n, ...done(infer));
  expect((await rig.execution.receipt(both))!.status).toBe("success");
});
