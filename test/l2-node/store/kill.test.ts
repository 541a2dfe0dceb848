import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Hex } from "viem";
import { afterAll, describe, expect, it } from "vitest";
import type { Block } from "../../../l2-node/chain/block.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { testNode } from "../../support/node.ts";
import { testAddress } from "../../support/transactions.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-store-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the sequencer of `accept-forever.ts` until it printed `lines` lines, then kills it without warning. */
async function runAndKill(path: string, lines: number): Promise<{ accepted: Hex[]; sealed: Hex[] }> {
  const script = new URL("../../support/accept-forever.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
  const told = { accepted: [] as Hex[], sealed: [] as Hex[] };
  let count = 0;
  createInterface(child.stdout).on("line", (line) => {
    const [what, hash] = line.split(" ") as ["accepted" | "sealed", Hex];
    told[what].push(hash);
    if (++count === lines) child.kill("SIGKILL");
  });
  await once(child, "close");
  return told;
}

describe("the store after kill -9", () => {
  it("has every accepted transaction in a block or in the pool, and every block anybody heard of", async () => {
    const path = join(folder, "chain.sqlite");
    const chainFile = new MemoryL1().chainFile();
    const accepted: Hex[] = [];
    const sealed: Hex[] = [];
    for (const lines of [7, 40, 83]) {
      const told = await runAndKill(path, lines);
      accepted.push(...told.accepted);
      sealed.push(...told.sealed);
      const { store, mempool } = testNode(chainFile, path);
      for (const hash of accepted)
        expect([hash, !!store.blocks.locate(hash) || !!mempool.get(hash)]).toEqual([hash, true]);
      for (const hash of sealed) expect(store.blocks.numberOf(hash)).toBeDefined();
      store.close();
    }
    expect(accepted.length).toBeGreaterThan(60);
  });

  it("has the ledger of its head: the same as derived anew from genesis", () => {
    const path = join(folder, "chain.sqlite");
    const chainFile = new MemoryL1().chainFile();
    const { store } = testNode(chainFile, path);
    const head = store.blocks.head().header.number;
    const spent = new Map<string, bigint>();
    for (let number = 1n; number <= head; number++)
      for (const { transaction, outcome } of (store.blocks.block(number) as Block).transactions)
        if (transaction && outcome.status === "included")
          spent.set(
            transaction.sender,
            (spent.get(transaction.sender) ?? 0n) + transaction.gasLimit * outcome.priceWei,
          );
    for (const n of [0, 1, 2])
      expect(store.blocks.account(testAddress(n)).prepaidWei).toBe(10n ** 24n - (spent.get(testAddress(n)) ?? 0n));
    store.close();
  });

  it("refuses a folder that another node has open", () => {
    const path = join(folder, "shared.sqlite");
    const chainFile = new MemoryL1().chainFile();
    const { store } = testNode(chainFile, path);
    expect(() => testNode(chainFile, path)).toThrowError(/in use by another process/);
    store.close();
    testNode(chainFile, path).store.close();
  });

  it("refuses the folder of another chain", () => {
    const other = new MemoryL1(3n).chainFile();
    expect(() => testNode(other, join(folder, "chain.sqlite"))).toThrowError(/holds another chain/);
  });
});
