import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { parseTransaction, type Transaction } from "../../../common/transaction.ts";
import { openPool } from "../../../l2-node/store/pool.ts";
import { type Journal, memoryJournal, openJournal } from "../../../l2-node/store/pool-journal.ts";
import { type SignFields, signRaw, TEST_CHAIN_ID } from "../../support/transactions.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anh-pool-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const signed = async (fields: SignFields): Promise<Transaction> =>
  parseTransaction(bytesOfHex(await signRaw(fields)), TEST_CHAIN_ID);
const waiting = (nonce: number) => signed({ nonce });
const open = (journal: Journal = openJournal(folder)) => openPool(journal, TEST_CHAIN_ID);
/** What a node finds that begins after this one was killed: it opens the same files, and the other did not close them. */
const found = () => open().all();

describe("what waits", () => {
  test("is on disk when `put` resolves, and what came in the same turn with it", async () => {
    const pool = open();
    const some = await Promise.all([0, 1, 2].map(waiting));
    const first = pool.put([some[0]!]);
    const others = pool.put(some.slice(1));
    await Promise.all([first, others]);
    expect(found()).toEqual(some);
    const last = await waiting(3);
    await pool.put([last]);
    expect(found()).toEqual([...some, last]);
  });

  test("is on disk when `putNow` returns, whatever is being written", async () => {
    const pool = open();
    const [first, second] = [await waiting(0), await waiting(1)];
    const saved = pool.put([first]);
    await new Promise((resolve) => setImmediate(resolve));
    pool.putNow([second]);
    expect(found()).toContainEqual(second);
    await saved;
    expect(found()).toEqual([first, second]);
  });

  test("is put once, and can be put again when it had left", async () => {
    const pool = open();
    const one = await waiting(0);
    await pool.put([one, one]);
    await pool.put([one]);
    expect(pool.all()).toEqual([one]);
    pool.included([one.hash]);
    expect(pool.all()).toEqual([]);
    await pool.put([one]);
    expect([pool.all(), found()]).toEqual([[one], [one]]);
  });

  test("does not come back once it was dropped, or another took its place", async () => {
    const pool = open();
    const [first, second] = [await waiting(0), await waiting(1)];
    const dearer = await signed({ nonce: 1, maxFeePerGas: 10n ** 11n });
    await pool.put([first, second]);
    pool.remove([first.hash]);
    await pool.put([dearer]);
    expect(found()).toEqual([dearer]);
    // Nor does what it replaced, when it goes as well.
    pool.remove([dearer.hash]);
    await pool.put([await waiting(7)]);
    expect(found().map(({ nonce }) => nonce)).toEqual([7n]);
  });

  test.each(["put", "putNow"] as const)("is there after a %s that comes in the same turn as its drop", async (put) => {
    const pool = open();
    const [one, other] = [await waiting(0), await waiting(1)];
    await pool.put([one]);
    pool.remove([one.hash]);
    await pool[put]([one]);
    await pool.put([other]); // what was pending is written
    expect(found()).toEqual([one, other]);
  });

  test("is refused and forgotten where the disk refuses it, and the next is taken", async () => {
    const journal = memoryJournal();
    const pool = open({ ...journal, append: () => Promise.reject(new Error("disk full")) });
    const one = await waiting(0);
    await expect(pool.put([one])).rejects.toThrow("disk full");
    expect(pool.all()).toEqual([]);
    expect(() =>
      open({
        ...journal,
        appendNow: () => {
          throw new Error("disk full");
        },
      }).putNow([one]),
    ).toThrow("disk full");
  });

  test("is refused where the store is closed before it was written", async () => {
    const pool = open();
    const saved = pool.put([await waiting(0)]);
    pool.close();
    await expect(saved).rejects.toThrow("closed");
  });
});

describe("the journal", () => {
  const segments = () =>
    readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));

  test("goes on after a frame that was torn at any byte, with all that was answered for before", async () => {
    const pool = open();
    const [first, second] = [await waiting(0), await waiting(1)];
    await pool.put([first]);
    const [path] = segments() as [string];
    const { length } = readFileSync(path);
    await pool.put([second]);
    const whole = readFileSync(path);
    for (let end = length; end < whole.length; end += 7) {
      truncateSync(path, end);
      expect(found(), `torn at ${end}`).toEqual([first]);
    }
    // The length is there, the bytes are not.
    writeFileSync(path, Buffer.concat([whole.subarray(0, length), Buffer.alloc(whole.length - length)]));
    const next = open();
    expect(next.all()).toEqual([first]);
    await next.put([second]);
    expect(found()).toEqual([first, second]);
  });

  test("of a running node can be read while segments go: they held nothing that is not in later ones", async () => {
    const pool = open();
    await pool.put([await waiting(0)]);
    pool.close();
    const stays = await waiting(1);
    await open().put([stays]);
    const listed = openJournal(folder);
    rmSync(segments()[0]!);
    expect(open(listed).all()).toEqual([stays]);
    rmSync(segments()[0]!);
    expect(open(listed).all()).toEqual([]);
  });

  test("forgets what nothing waits in, and takes along what still waits there", async () => {
    const pool = open();
    const stays = await waiting(99);
    await pool.put([stays]);
    const large = await Promise.all(
      [0, 1, 2, 3].map((nonce) => signed({ nonce, data: `0x${"ab".repeat(90_000)}`, gas: 2n ** 24n })),
    );
    for (let i = 0; i < 75; i++) {
      await pool.put(large);
      pool.included(large.map(({ hash }) => hash));
    }
    expect(segments().length).toBeLessThanOrEqual(4);
    expect(found()).toContainEqual(stays);
    expect(pool.all()).toEqual([stays]);
  });
});
