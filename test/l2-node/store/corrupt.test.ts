import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bytesOfHex } from "../../../common/bytes.ts";
import { CorruptStoreError } from "../../../l2-node/store/checksum.ts";
import { openPool } from "../../../l2-node/store/pool.ts";
import { openJournal } from "../../../l2-node/store/pool-journal.ts";
import { MemoryL1 } from "../../support/memory-l1.ts";
import { follow, testNode } from "../../support/node.ts";
import { signRaw, TEST_CHAIN_ID, testAddress } from "../../support/transactions.ts";

let folder: string;
let path: string;
let l1: MemoryL1;

/** A stopped node: one deposit, one sealed transaction, one waiting. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "anh-corrupt-"));
  path = join(folder, "chain.sqlite");
  l1 = new MemoryL1();
  l1.mine([{ kind: 1, account: testAddress(0), amountWei: 10n ** 18n }]);
  const node = testNode(l1.chainFile(), path);
  follow(node.chain, l1);
  node.sequencer.seal();
  await node.mempool.add(bytesOfHex(await signRaw({ nonce: 0 })));
  node.sequencer.seal();
  await node.mempool.add(bytesOfHex(await signRaw({ nonce: 1 })));
  node.store.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Flips one bit in the middle of a column of the table's last row. */
function flip(table: string, column: string): void {
  const db = new Database(path);
  const row = db.prepare(`select rowid as id, ${column} as bytes from ${table} order by rowid desc limit 1`).get() as {
    id: number;
    bytes: Buffer;
  };
  row.bytes.writeUInt8(row.bytes.readUInt8(row.bytes.length >> 1) ^ 1, row.bytes.length >> 1);
  db.prepare(`update ${table} set ${column} = ? where rowid = ?`).run(row.bytes, row.id);
  db.close();
}

const openJournalOf = (chainPath: string) => openPool(openJournal(`${chainPath}-pool`), TEST_CHAIN_ID);

const open = () => testNode(l1.chainFile(), path);

describe("a flipped bit on disk", () => {
  it("is found in a block where it is read", () => {
    flip("blocks", "body");
    expect(() => open().chain.head()).toThrowError(CorruptStoreError);
  });

  it("is found in undo data before it touches the ledger", () => {
    flip("blocks", "undo");
    const { chain, store } = open();
    expect(() => chain.dropAbove(1n)).toThrowError(CorruptStoreError);
    expect(chain.head().header.number).toBe(2n);
    expect(store.blocks.account(testAddress(0)).nonce).toBe(1n);
  });

  it("is found in an inbox message", () => {
    flip("messages", "body");
    const { store } = open();
    expect(() => store.l1.message(0n)).toThrowError(CorruptStoreError);
    store.close();
  });

  it("is found anywhere in what waits", () => {
    const [name] = readdirSync(`${path}-pool`) as [string];
    const segment = join(`${path}-pool`, name);
    const bytes = readFileSync(segment);
    // Behind the first frame, which held what was sealed, and the second lies what closing wrote.
    for (let at = 0; at < bytes.length - 16; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1;
      writeFileSync(segment, flipped);
      expect(() => openJournalOf(path), `byte ${at}`).toThrowError(CorruptStoreError);
    }
    writeFileSync(segment, bytes);
    expect(open().mempool.size).toBe(1);
  });

  it("is found in a ledger account", () => {
    flip("ledger", "account");
    const { sequencer } = l1.chainFile();
    const read = () => {
      const { store } = open();
      return [testAddress(0), sequencer].map((address) => store.blocks.account(address));
    };
    expect(read).toThrowError(CorruptStoreError);
  });
});
