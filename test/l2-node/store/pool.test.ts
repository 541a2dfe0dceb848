import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { parseTransaction } from "../../../common/transaction.ts";
import { openStore } from "../../../l2-node/store/sqlite.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { signRaw, TEST_CHAIN_ID } from "../../support/transactions.ts";

const file = new MemoryL1().chainFile();
const waiting = async (nonce: number) => parseTransaction(bytesOfHex(await signRaw({ nonce })), TEST_CHAIN_ID);

test("what a failed commit put or removed is as if it never had been", async () => {
  const { pool, transaction, close } = openStore(":memory:", file);
  const [first, second] = [await waiting(0), await waiting(1)];
  pool.put([first]);
  const fails = () =>
    transaction(() => {
      pool.put([second]);
      pool.remove([first.hash]);
      throw new Error("disk full");
    });
  expect(fails).toThrow("disk full");
  expect(pool.all()).toEqual([first]);
  pool.put([first, second, second]);
  expect(pool.all()).toEqual([first, second]);
  pool.remove([first.hash, first.hash]);
  expect(pool.all()).toEqual([second]);
  close();
});

test("what waited before a restart can be removed after it, and is not put twice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "anh-pool-"));
  const path = join(folder, "chain.sqlite");
  const [first, second] = [await waiting(0), await waiting(1)];
  const before = openStore(path, file);
  before.pool.put([first, second]);
  before.close();
  const after = openStore(path, file);
  after.pool.put([first]);
  expect(after.pool.all()).toEqual([first, second]);
  after.pool.remove([first.hash]);
  expect(after.pool.all()).toEqual([second]);
  after.close();
  rmSync(folder, { recursive: true });
});
