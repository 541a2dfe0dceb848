import { describe, expect, test } from "vitest";
import { type TroubleFacts, troublesOf } from "../../../cli/service/node-trouble.ts";

const NOW = 1_000_000n;
const WELL: TroubleFacts = {
  status: {
    latest: 9n,
    safe: 7n,
    finalized: 3n,
    unanchored: 2n,
    unanchoredSince: NOW - 20n,
    inboxCount: 5n,
    consumedCount: 5n,
    openClaims: 1,
    l1: { number: 100n, hash: "0x", timestamp: NOW - 5n },
    l1Finalized: 60n,
    lastBatch: { batch: 3n, firstNumber: 5n, lastNumber: 7n, l1Block: 90n, anchoredAt: NOW - 15n },
  },
  clocks: { l1BlockMs: 2_000, inclusionWindowSeconds: 600 },
  l1Head: undefined,
  now: NOW,
  isRunning: true,
  mempool: 4,
  freeBytes: 2 ** 30,
};
const codes = (facts: Partial<TroubleFacts>, status: Partial<TroubleFacts["status"]> = {}) =>
  troublesOf({ ...WELL, ...facts, status: { ...WELL.status, ...status } }).map(({ code }) => code);
const l1At = (timestamp: bigint) => ({ l1: { ...WELL.status.l1!, timestamp } });
const anchoredAt = (at: bigint | null) => ({ lastBatch: { ...WELL.status.lastBatch!, anchoredAt: at } });

describe("a node's trouble", () => {
  test("is none where all is well, also before anything was anchored", () => {
    expect(codes({})).toEqual([]);
    expect(codes({}, { lastBatch: null, unanchored: 0n, unanchoredSince: null })).toEqual([]);
    expect(codes({}, anchoredAt(null))).toEqual([]);
  });

  test("an L1 of which nothing was read is told alone", () => {
    expect(codes({ freeBytes: 0 }, { l1: null })).toEqual(["l1-unread"]);
  });

  test("an L1 block is old after 25 of L1's block times", () => {
    expect([49n, 50n, 51n].map((age) => codes({}, l1At(NOW - age)))).toEqual([[], [], ["l1-behind"]]);
  });

  test("L1's own head says it better: 25 blocks are none too many", () => {
    expect([124n, 125n, 126n].map((l1Head) => codes({ l1Head }, l1At(NOW - 999n)))).toEqual([[], [], ["l1-behind"]]);
  });

  test("the oldest block that is not anchored may wait nine tenths of the window", () => {
    const waited = (seconds: bigint) => codes({}, { unanchoredSince: NOW - 5n - seconds });
    expect([539n, 540n, 541n].map(waited)).toEqual([[], [], ["unanchored"]]);
  });

  test("without a batch for longer than the window, only the fallback block may come", () => {
    const silent = (seconds: bigint) =>
      codes({}, { ...anchoredAt(NOW - 5n - seconds), unanchored: 0n, unanchoredSince: null });
    expect([599n, 600n, 601n].map(silent)).toEqual([[], [], ["fallback-due"]]);
  });

  test("what only a stopped node has is told", () => {
    const none = { unanchored: 0n, unanchoredSince: null };
    expect(codes({ isRunning: false, mempool: 0 }, none)).toEqual([]);
    expect(codes({ isRunning: false, mempool: null }, none)).toEqual([]);
    expect(codes({ isRunning: false, mempool: 1 }, none)).toEqual(["stopped"]);
    expect(codes({ isRunning: false, mempool: 0 })).toEqual(["stopped"]);
  });

  test("a disk with less than 1 GiB is nearly full", () => {
    expect([2 ** 30 - 1, 2 ** 30, undefined].map((freeBytes) => codes({ freeBytes }))).toEqual([["disk-low"], [], []]);
  });
});
