import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, it } from "vitest";
import { signedBy, transfer, walletsOf } from "../../../cli/bench/transactions.ts";
import { HALF_ORDER, SignatureError } from "../../../common/signature.ts";
import { parseEnvelope } from "../../../common/transaction.ts";
import { openRecovery, type Recovery, recoverHere, type SignedDigest } from "../../../l2-node/sequencer/recovery.ts";

let recovery: Recovery;
let threads: Worker[];
const noteThread = (thread: Worker) => threads.push(thread);
beforeEach(() => {
  threads = [];
  process.on("worker", noteThread);
  recovery = openRecovery();
});
afterEach(async () => {
  process.off("worker", noteThread);
  await recovery.close();
});

const wallets = walletsOf(50);
const signed: SignedDigest[] = signedBy(42n, wallets, 4, transfer).map(({ raw }) => {
  const { transaction, digest } = parseEnvelope(raw, 42n);
  return { ...transaction, digest: digest() };
});

it("rejects what no key signed as this thread does, and answers those beside it", async () => {
  const [good] = signed as [SignedDigest];
  const bad: SignedDigest[] = [
    { ...good, s: HALF_ORDER + 1n },
    { ...good, r: 0n },
    { ...good, r: 2n ** 256n - 1n },
    { ...good, s: 0n },
  ];
  const told = await Promise.allSettled([...bad, good].map(recovery.recover));
  const expected = await Promise.allSettled([...bad, good].map(recoverHere));
  for (const [i, outcome] of told.entries()) {
    if (outcome.status === "fulfilled") expect(outcome).toEqual(expected[i]);
    else expect([outcome.reason, expected[i]]).toMatchObject([expect.any(SignatureError), { status: "rejected" }]);
  }
  expect(told.at(-1)).toEqual({ status: "fulfilled", value: wallets[0]!.address });
  expect(threads).toHaveLength(1);
});

it("answers in the order of the questions, however many at once", async () => {
  const order: number[] = [];
  const told = await Promise.all(
    signed.map(async (one, i) => {
      const address = await recovery.recover(one);
      order.push(i);
      return address;
    }),
  );
  expect(told).toEqual(signed.map((_, i) => wallets[i % wallets.length]!.address));
  expect(order).toEqual(signed.map((_, i) => i));
});

it("goes on in this thread where its own dies, and then in another", async () => {
  const first = recovery.recover(signed[0]!);
  await first;
  const dying = Promise.all(signed.map(recovery.recover));
  setImmediate(() => threads[0]!.terminate());
  expect(await dying).toEqual(signed.map((_, i) => wallets[i % wallets.length]!.address));
  expect(await recovery.recover(signed[1]!)).toBe(wallets[1]!.address);
  expect(threads).toHaveLength(2);
});

it.each(["file:///nowhere.ts", "https://nowhere/recovery.ts"])(
  "goes on in this thread where none can begin (%s)",
  async (url) => {
    const lonely = openRecovery(new URL(url));
    for (const _ of [1, 2])
      expect(await Promise.all(signed.map(lonely.recover))).toEqual(
        signed.map((_, i) => wallets[i % wallets.length]!.address),
      );
    expect(threads.length).toBeLessThan(2);
    await lonely.close();
  },
);
