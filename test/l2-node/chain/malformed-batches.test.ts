// Batches that no honest sequencer posts, from a fixed seed: a chain comes of each, the same at every node. `ANH_LONG=1`: 10,000.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Hex, keccak256 } from "viem";
import { expect, it, onTestFinished } from "vitest";
import { encodeBatch } from "../../../common/batch.ts";
import { largerOf } from "../../../common/bigint.ts";
import { bytesOfHex } from "../../../common/bytes.ts";
import { encodeHeader, type Header } from "../../../common/header.ts";
import { type Block, postedOf } from "../../../l2-node/chain/block.ts";
import { Sequencer } from "../../../l2-node/sequencer/sequencer.ts";
import { settledMemory } from "../../support/memory.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, SEALING, testNode } from "../../support/node.ts";
import { seededRandom } from "../../support/random.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";

const IS_LONG = process.env.ANH_LONG !== undefined;
const COUNT = IS_LONG ? 10_000 : 300;
const ACCOUNTS = [0, 1, 2];
/** A leak of a kilobyte per batch would be more; SQLite's cache and the heap's slack are less. */
const MAX_GROWTH_BYTES = 48 * 2 ** 20;

const random = seededRandom(31);
const { below, bytes, pick } = random;
const hex = (length: number): Hex => `0x${Buffer.from(bytes(length)).toString("hex")}`;

/**
 * One field is another. L1 checks much of this; nodes judge what they read all the same. Only origins from the future are left to L1
 * (`OriginNotPast`): what a block with one derives to would hang on how much of L1 a node has read.
 */
function falseHeader(header: Header): Header {
  const { origin } = header;
  return pick<() => Header>([
    () => ({ ...header, gasUsed: BigInt(below(2 ** 31)) }),
    () => ({ ...header, gasLimit: header.gasLimit + 1n }),
    () => ({ ...header, baseFeeWei: header.baseFeeWei + BigInt(1 + below(1000)) }),
    () => ({ ...header, timestamp: header.timestamp + BigInt(1 + below(5)) }),
    () => ({ ...header, timestamp: header.timestamp - BigInt(below(4000)) }),
    () => ({ ...header, transactionsRoot: hex(32) }),
    () => ({ ...header, stateRoot: hex(32) }),
    () => ({ ...header, mixHash: hex(32) }),
    () => ({ ...header, beneficiary: hex(20) }),
    () => ({ ...header, origin: { ...origin, hash: hex(32) } }),
    () => ({ ...header, origin: { ...origin, number: largerOf(origin.number - BigInt(below(5)), 0n) } }),
    () => ({ ...header, origin: { ...origin, number: BigInt(below(3)) } }),
    () => ({ ...header, origin: { ...origin, inboxCount: origin.inboxCount + BigInt(below(3)) } }),
    () => ({ ...header, origin: { ...origin, inboxCount: 2n ** 63n } }),
    () => ({ ...header, origin: { ...origin, inboxHash: hex(32) } }),
  ])();
}

/** Bytes as they are, cut, grown, with others among them, or others altogether. */
function bent(good: Uint8Array): Uint8Array {
  const at = below(good.length + 1);
  return pick<() => Uint8Array>([
    () => good.slice(0, at),
    () => Buffer.concat([good, bytes(below(50))]),
    () => Buffer.concat([good.slice(0, at), bytes(1 + below(8)), good.slice(at + below(8))]),
    () => Buffer.concat([[1], bytes(below(400))].map((part) => Buffer.from(part))),
    () => bytes(below(400)),
    () => new Uint8Array(0),
    // Zero runs that swell to megabytes.
    () => Buffer.concat([Buffer.of(1), Buffer.from("00ff".repeat(1 + below(3000)), "hex")]),
    // More transactions, or longer ones, than there are bytes.
    () => Buffer.concat([Buffer.of(1), Buffer.from("ffff", "hex"), bytes(20)]),
    () => Buffer.concat([Buffer.of(1), Buffer.from("0001ffffff", "hex"), bytes(20)]),
  ])();
}

it(`${COUNT} malformed batches: every node derives the same, and no accepted transaction is lost or doubled`, {
  timeout: 900_000,
}, async () => {
  const l1 = new MemoryL1(1n);
  // A database in memory grows with the chain; one on disk waits for it.
  const folder = mkdtempSync(join(tmpdir(), "anh-batches-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const nodeOf = (name: string) => testNode(l1.chainFile(), IS_LONG ? join(folder, name) : ":memory:");
  const [sequencing, replica] = [nodeOf("sequencing.sqlite"), nodeOf("replica.sqlite")];
  const fail = (error: unknown) => {
    throw error;
  };
  // Takes back what malformed batches took away; seals when the test says.
  const sequencer = new Sequencer({ ...SEALING, blockTimeMs: 2 ** 30 }, sequencing);
  sequencer.start(fail);
  await sleep(5);
  const nonces = new Map<number, number>();
  const accepted: Hex[] = [];
  const memory: number[] = [];
  const advance = () => {
    for (const { chain } of [sequencing, replica]) follow(chain, l1);
  };
  l1.mine(ACCOUNTS.map((n) => ({ kind: 1 as const, account: testAddress(n), amountWei: 10n ** 24n })));
  advance();
  const tally = { inboxOnly: 0, good: 0 };

  for (let i = 0; i < COUNT; i++) {
    const blocks: Block[] = [];
    for (let n = 1 + below(3); n > 0; n--) {
      for (let sends = below(3); sends > 0; sends--) {
        const key = pick(ACCOUNTS);
        const nonce = nonces.get(key) ?? 0;
        const raw = bytesOfHex(await signRaw({ key, nonce, gas: 60_000n }));
        accepted.push(await sequencing.mempool.add(raw));
        nonces.set(key, nonce + 1);
      }
      const block = sequencer.seal();
      if (block) blocks.push(block);
    }
    if (blocks.length > 0) {
      const envelopes = blocks.map((block) => postedOf(block).map(({ raw }) => raw));
      const lie = pick(["header", "garbage", "data", "foreign", "none"] as const);
      const liar = below(blocks.length);
      const headers = blocks.map(({ header }, n) => {
        if (n !== liar || (lie !== "header" && lie !== "garbage")) return encodeHeader(header);
        return lie === "header" ? encodeHeader(falseHeader(header)) : bytes(below(700));
      });
      if (lie === "foreign") envelopes[liar] = [bytes(below(200)), ...(envelopes[liar] ?? []), bytes(1)];
      const good = encodeBatch(envelopes);
      const messages =
        below(4) === 0 ? [{ kind: 1 as const, account: testAddress(pick(ACCOUNTS)), amountWei: 1n }] : [];
      l1.mine(messages, [{ blocks, headers, data: lie === "data" ? bent(good) : good }]);
    } else l1.mine();
    advance();
    for (const [n, block] of blocks.entries()) {
      const derived = replica.store.blocks.block(block.header.number) as Block;
      tally[derived.inboxOnly ? "inboxOnly" : "good"]++;
      if (n === blocks.length - 1) expect(replica.chain.head().hash).toBe(derived.hash);
    }
    expect(sequencing.chain.head().hash, `batch ${i}`).toBe(replica.chain.head().hash);
    for (const n of ACCOUNTS)
      expect(sequencing.store.blocks.account(testAddress(n))).toEqual(replica.store.blocks.account(testAddress(n)));
    if ((i + 1) % (COUNT / 2) === 0) memory.push(await settledMemory());
  }

  // What is left is sealed and posted as it should be.
  for (let i = 0; sequencing.mempool.size > 0 && i < 100; i++) {
    const block = sequencer.seal() as Block;
    l1.mine([], [{ blocks: [block] }]);
    advance();
  }
  const fresh = nodeOf("fresh.sqlite");
  follow(fresh.chain, l1);
  expect(fresh.chain.head().hash).toBe(replica.chain.head().hash);
  const included: Hex[] = [];
  for (let number = 1n; number <= fresh.chain.head().header.number; number++)
    for (const { raw, outcome } of (fresh.store.blocks.block(number) as Block).transactions)
      if (outcome.status === "included") included.push(keccak256(raw));
  expect(included.sort()).toEqual(accepted.sort());
  for (const n of ACCOUNTS)
    expect(fresh.store.blocks.account(testAddress(n))).toEqual(sequencing.store.blocks.account(testAddress(n)));
  expect(tally.inboxOnly).toBeGreaterThan(COUNT / 4);
  expect(tally.good).toBeGreaterThan(COUNT / 4);
  sequencer.stop();
  for (const { store } of [sequencing, replica, fresh]) store.close();
  const [half = 0, all = 0] = memory;
  expect(all - half).toBeLessThan(MAX_GROWTH_BYTES);
});
