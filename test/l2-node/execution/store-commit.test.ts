// A commit or a rollback that fails, on a full disk say, leaves nothing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ExecutionStore } from "../../../l2-node/execution/store.ts";

const none = { receipts: [], appearances: [], judged: [], taint: new Map(), inputs: new Map() };
const writes = (n: number) => new Map([["k", Uint8Array.of(n)]]);
const block = (number: bigint) => ({ number, hash: "0x", identity: "" }) as const;

let folder: string;
let store: ExecutionStore;
const path = () => join(folder, "state.sqlite");
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anh-execution-"));
  store = new ExecutionStore(path(), "chain");
  store.commitBlock(block(0n), writes(1), none);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

/** While `work` runs, one kind of statement on one table fails, after others of its transaction were done. */
function failing(statement: string, work: () => void): void {
  const other = new Database(path());
  other.exec(`create trigger full before ${statement} begin select raise(abort, 'disk is full'); end`);
  expect(work).toThrow("disk is full");
  other.exec("drop trigger full");
  other.close();
}
const failedCommit = () =>
  failing("insert on judged", () => {
    store.commitBlock(block(1n), writes(2), { ...none, judged: [{ claim: "0x01", effective: true }] });
  });

test("what was not committed is not read", () => {
  failedCommit();
  expect(store.executedNumber()).toBe(0n);
  expect(store.get("k")).toEqual(Buffer.of(1));
});

test("what is committed the second time is there after a restart, and can be undone", () => {
  failedCommit();
  store.commitBlock(block(1n), writes(2), none); // the disk has room again
  store.close();
  store = new ExecutionStore(path(), "chain");
  expect(store.executedNumber()).toBe(1n);
  expect(store.get("k")).toEqual(Buffer.of(2));
  store.rollbackTo(0n);
  expect(store.get("k")).toEqual(Buffer.of(1));
});

test("what was not rolled back is still read", () => {
  store.commitBlock(block(1n), writes(2), none);
  failing("delete on blocks", () => store.rollbackTo(0n));
  expect(store.executedNumber()).toBe(1n);
  expect(store.get("k")).toEqual(Buffer.of(2));
});
