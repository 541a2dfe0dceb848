import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keccakHex } from "../../../common/keccak.ts";
import type { Block } from "../../../l2-node/chain/block.ts";
import { openStore } from "../../../l2-node/store/sqlite.ts";
import type { Store } from "../../../l2-node/store/store.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";

const file = new MemoryL1().chainFile();
let folder: string;
let store: Store;
const open = () => openStore(join(folder, "chain.sqlite"), file);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anh-index-"));
  store = open();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

const rawOf = (n: number): Uint8Array => new Uint8Array(Buffer.from(`transaction ${n}`));
const hashOf = (n: number): Hex => keccakHex(rawOf(n));

/** Appends a block of such transactions: whole numbers are included, negative ones skipped. */
function append(...numbers: number[]): void {
  const parent = store.blocks.head();
  const number = parent.header.number + 1n;
  const header = { ...parent.header, number, parentHash: parent.hash };
  const transactions = numbers.map((n): Block["transactions"][number] => ({
    hash: hashOf(Math.abs(n)),
    raw: rawOf(Math.abs(n)),
    transaction: undefined,
    outcome: n < 0 ? { status: "skipped", reason: "" } : { status: "included", priceWei: 1n, dataGas: 0n },
  }));
  const block: Block = { ...parent, header, hash: keccakHex(Buffer.from(`block ${number}`)), transactions };
  store.transaction(() => store.blocks.append(block, new Map()));
}

const place = (n: number) => {
  const found = store.blocks.locate(hashOf(n));
  return found && [Number(found.number), found.index];
};

/** More than are kept in memory, so that what was before is on disk. */
const fill = () => append(...Array.from({ length: 5000 }, (_, i) => 1_000_000 + i));

test.each(["in memory", "on disk"])("a transaction %s is where it was included, or else last skipped", (where) => {
  append(1, -2, -3);
  append(-1, -2, 3);
  append(-3);
  if (where === "on disk") fill();
  expect([1, 2, 3, 4].map(place)).toEqual([[1, 0], [2, 1], [2, 2], undefined]);
});

test("what was skipped before the rest went to disk is found in the block that includes it", () => {
  append(-1, 2);
  fill();
  append(1, -2);
  expect([1, 2].map(place)).toEqual([
    [3, 0],
    [1, 1],
  ]);
});

test("what leaves with its block is where it was before, in memory and on disk", () => {
  append(-1);
  fill();
  append(-1);
  append(1, 2);
  const remove = () => store.transaction(() => store.blocks.removeHead());
  expect(place(1)).toEqual([4, 0]);
  remove();
  expect([place(1), place(2)]).toEqual([[3, 0], undefined]);
  remove();
  expect(place(1)).toEqual([1, 0]);
  remove();
  expect([place(1), place(1_000_000)]).toEqual([[1, 0], undefined]);
  append(5);
  remove();
  remove();
  expect([place(1), place(5)]).toEqual([undefined, undefined]);
  append(5);
  expect(place(5)).toEqual([1, 0]);
});

test("a node that begins again, and one whose commit failed, knows the same", () => {
  append(1);
  fill();
  append(2);
  const fails = () =>
    store.transaction(() => {
      store.blocks.removeHead();
      throw new Error("disk full");
    });
  expect(fails).toThrow("disk full");
  const expected = [
    [1, 0],
    [3, 0],
    [2, 4999],
  ];
  expect([1, 2, 1_004_999].map(place)).toEqual(expected);
  store.close();
  store = open();
  expect([1, 2, 1_004_999].map(place)).toEqual(expected);
});

test("empty blocks go to disk as well: a restart reads no more than some of them", () => {
  append(1);
  store.transaction(() => {
    for (let i = 0; i < 1100; i++) append();
  });
  store.close();
  store = open();
  expect(place(1)).toEqual([1, 0]);
});
