import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, it } from "vitest";
import { signedBy, transfer, walletsOf } from "../../../cli/bench/transactions.ts";
import { HALF_ORDER, SignatureError } from "../../../common/signature.ts";
import { parseEnvelope } from "../../../common/transaction.ts";
import { openRecovery, type Recovery, recoverHere } from "../../../l2-node/sequencer/recovery.ts";
import type { SignedDigest } from "../../../l2-node/sequencer/recovery-message.ts";

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

it("recovers here what its thread could not begin soon, and still answers in the order of the questions", async () => {
  const LIE = "11".repeat(20);
  const lying = openRecovery(
    new URL(
      `data:text/javascript,import { parentPort } from "node:worker_threads";
      parentPort.on("message", (asked) => {
        const one = Buffer.from("01${LIE}", "hex");
        parentPort.postMessage(new Uint8Array(Buffer.concat(Array.from({ length: asked.length / 97 }, () => one))));
      });`,
    ),
  );
  const many = Array.from({ length: 500 }, (_, i) => signed[i % signed.length]!);
  const order: number[] = [];
  const told = await Promise.all(many.map((one, i) => lying.recover(one).finally(() => order.push(i))));
  expect(order).toEqual(many.map((_, i) => i));
  const isHere = told.map((address) => address !== `0x${LIE}`);
  // What the thread takes at most before it has answered once, and then a turn of this one.
  expect(isHere.slice(0, 328)).toEqual([...Array(320).fill(false), ...Array(8).fill(true)]);
  for (const [i, address] of told.entries())
    if (isHere[i]) expect(address).toBe(wallets[(i % signed.length) % wallets.length]!.address);
  await lying.close();
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

it("closed while many wait, it answers them all and leaves no thread", async () => {
  await recovery.recover(signed[0]!);
  const many = Array.from({ length: 1000 }, (_, i) => i % signed.length);
  const asked = Promise.all(many.map((i) => recovery.recover(signed[i]!)));
  await new Promise((resolve) => setImmediate(resolve));
  await recovery.close();
  expect(await asked).toEqual(many.map((i) => wallets[i % wallets.length]!.address));
  const unasked = openRecovery();
  const first = unasked.recover(signed[0]!);
  await unasked.close();
  expect(await first).toBe(wallets[0]!.address);
  expect(threads.map(({ threadId }) => threadId)).toEqual([-1]); // ended, and no other begun
});

it("keeps the order where its thread dies as it begins, twice", async () => {
  const dying = openRecovery(new URL("data:text/javascript,setTimeout(() => process.exit(1), 5)"));
  const order: number[] = [];
  const ask = (one: SignedDigest, i: number) => dying.recover(one).finally(() => order.push(i));
  for (const _ of [1, 2]) await Promise.all(signed.map(ask));
  expect(order).toEqual([...signed.keys(), ...signed.keys()]);
  await dying.close();
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
