import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hex, keccak256, toHex } from "viem";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import type { Message } from "../../../common/message.ts";
import { ChainReader } from "../../../l2-node/chain/reader.ts";
import { openReader } from "../../../l2-node/store/sqlite-reader.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { seededRandom } from "../../support/random.ts";
import { signRaw, testAddress } from "../../support/transactions.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anh-reader-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function open() {
  const l1 = new MemoryL1();
  const file = l1.chainFile();
  const path = join(folder, "chain.sqlite");
  const node = testNode(file, path);
  const reader = new ChainReader({ chain: file }, { store: openReader(path, file) });
  const close = () => {
    reader.store.close();
    node.store.close();
  };
  return { l1, ...node, reader, close };
}

/** All that a chain and a reader of it can both be asked. */
const told = ({ chain, reader }: ReturnType<typeof open>) => {
  const { latest } = chain.heads();
  const numbers = Array.from({ length: Number(latest) + 2 }, (_, i) => BigInt(i));
  const of = (view: typeof chain | typeof reader) => ({
    heads: view.heads(),
    withoutSoftEffect: [...view.withoutSoftEffect()].sort(),
    blocks: numbers.map((number) => view.store.blocks.block(number)?.hash),
  });
  return { chain: of(chain), reader: reader.look(() => of(reader)) };
};

const claimed = (n: number): Extract<Message, { kind: 3 }> => ({
  kind: 3,
  id: keccak256(toHex(`id ${n}`)),
  claimHash: keccak256(toHex(`claim ${n}`)),
  claimant: testAddress(9),
  resultRoot: keccak256(toHex("root")),
  soft: true,
  consumed: [],
  output: "0x",
  failedSteps: 0,
});

describe("a reader of the chain", () => {
  test("writes nothing", () => {
    const node = open();
    expect(() => node.reader.store.blocks.block(0n)).not.toThrow();
    const other = openReader(join(folder, "chain.sqlite"), node.chain.file) as unknown as typeof node.store;
    expect(() => other.blocks.removeHead()).toThrow();
    other.close();
    node.close();
  });

  test("sees what one commit left, and hears of the next when it looks", () => {
    const node = open();
    follow(node.chain, node.l1);
    let changes = 0;
    node.reader.refresh();
    node.reader.events.on("changed", () => changes++);
    node.sequencer.seal();
    node.reader.store.snapshot(() => {
      expect(node.reader.heads().latest).toBe(1n);
      node.sequencer.seal();
      expect(node.reader.heads().latest).toBe(1n);
      expect(node.reader.store.blocks.block(2n)).toBeUndefined();
    });
    expect(changes).toBe(1);
    expect(node.reader.heads().latest).toBe(2n);
    expect(changes).toBe(2);
    node.reader.refresh();
    expect(changes).toBe(2);
    node.close();
  });

  test("tells again what a listener could not follow", () => {
    const node = open();
    follow(node.chain, node.l1);
    let failing = true;
    let heard = 0;
    node.reader.events.on("changed", () => {
      heard++;
      if (failing) throw new Error("disk full");
    });
    node.sequencer.seal();
    expect(() => node.reader.heads()).toThrow("disk full");
    expect(() => node.reader.refresh()).toThrow("disk full");
    failing = false;
    expect(node.reader.heads().latest).toBe(1n);
    node.reader.refresh();
    expect(heard).toBe(3);
    node.close();
  });

  test("says what the chain says, through seals, drops, anchors, claims and forks of L1", async () => {
    const { below } = seededRandom(11);
    const node = open();
    const { l1, chain, sequencer, mempool } = node;
    l1.mine([{ kind: 1, account: testAddress(0), amountWei: 10n ** 18n }]);
    follow(chain, l1);
    let [nonce, claims, forks] = [0, 0, 0];
    const open_: Message[] = [];
    for (let step = 0; step < 150; step++) {
      const what = below(8);
      if (what === 0) {
        const raw: Hex = await signRaw({ nonce: nonce++, to: testAddress(1) });
        await mempool.add(bytesOfHex(raw)).catch(() => {});
      }
      if (what <= 2) sequencer.seal();
      if (what === 3 && chain.heads().latest > chain.heads().safe) chain.dropAbove(chain.heads().latest - 1n);
      if (what === 4) {
        const claim = claimed(claims++);
        const closing: Message[] = [];
        const old = below(2) === 0 ? open_.shift() : undefined;
        if (old?.kind === 3)
          closing.push({
            kind: below(2) === 0 ? 4 : 5,
            id: old.id,
            claimHash: old.claimHash,
            lostSeconds: 0n,
          } as Message);
        l1.mine([claim, ...closing]);
        open_.push(claim);
      }
      if (what === 5) {
        const { safe, latest } = chain.heads();
        const blocks = [];
        for (let number = safe + 1n; number <= latest; number++) blocks.push(chain.store.blocks.block(number)!);
        l1.mine([], blocks.length > 0 ? [{ blocks }] : []);
      }
      if (what === 6) l1.mine();
      if (what === 7 && l1.head.number > 6n) {
        const ancestor = l1.head.number - BigInt(1 + below(3));
        l1.fork(ancestor);
        chain.rewindL1(ancestor);
        l1.mine();
        forks++;
      }
      if (what >= 4) follow(chain, l1, l1.head.number - BigInt(below(4)));
      // Not each time: a reader that did not look for a while must come to the same.
      if (below(3) > 0) continue;
      const { chain: expected, reader } = told(node);
      expect(reader).toEqual(expected);
    }
    expect(forks).toBeGreaterThan(5);
    expect(claims).toBeGreaterThan(5);
    node.close();
  });
});
