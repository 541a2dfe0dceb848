import type Database from "better-sqlite3";
import type { Hex } from "viem";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import { parseTransaction } from "../../common/transaction.ts";
import { checked, withChecksum } from "./checksum.ts";
import type { PoolStore } from "./store.ts";

type PoolRow = { sender: Buffer; raw: Buffer };

/** `forget` drops what was kept of rows that a failed transaction wrote or removed. */
export function sqlitePool(db: Database.Database, chainId: bigint): PoolStore & { forget(): void } {
  const selectAll = db.prepare<[], PoolRow>("select sender, raw from pool order by rowid");
  const selectHashes = db.prepare<[], { rowid: number; hash: Buffer }>("select rowid, hash from pool");
  const insert = db.prepare("insert into pool(hash, sender, raw) values (?, ?, ?)");
  const remove = db.prepare("delete from pool where rowid = ?");
  // Not in an index on disk: hashes lie anywhere in it, and each commit would write as many of its pages as transactions.
  let rows: Map<Hex, number | bigint> | undefined;
  const known = (): Map<Hex, number | bigint> => {
    rows ??= new Map(selectHashes.all().map(({ rowid, hash }) => [hexOf(hash), rowid]));
    return rows;
  };
  return {
    all: () =>
      selectAll
        .all()
        .map(({ sender, raw }) => parseTransaction(checked(raw, "a waiting transaction"), chainId, hexOf(sender))),
    put: (transactions) => {
      for (const { hash, sender, raw } of transactions) {
        if (known().has(hash)) continue;
        const { lastInsertRowid } = insert.run(bytesOfHex(hash), bytesOfHex(sender), withChecksum(raw));
        known().set(hash, lastInsertRowid);
      }
    },
    remove: (hashes) => {
      for (const hash of hashes) {
        const row = known().get(hash);
        if (row === undefined) continue;
        remove.run(row);
        known().delete(hash);
      }
    },
    forget: () => {
      rows = undefined;
    },
  };
}
