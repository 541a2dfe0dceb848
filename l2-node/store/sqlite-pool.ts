import type Database from "better-sqlite3";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import { parseTransaction } from "../../common/transaction.ts";
import { checked, withChecksum } from "./checksum.ts";
import type { PoolStore } from "./store.ts";

type PoolRow = { sender: Buffer; raw: Buffer };

export function sqlitePool(db: Database.Database, chainId: bigint): PoolStore {
  const selectAll = db.prepare<[], PoolRow>("select sender, raw from pool order by rowid");
  const insert = db.prepare("insert or ignore into pool(hash, sender, raw) values (?, ?, ?)");
  const remove = db.prepare("delete from pool where hash = ?");
  return {
    all: () =>
      selectAll
        .all()
        .map(({ sender, raw }) => parseTransaction(checked(raw, "a waiting transaction"), chainId, hexOf(sender))),
    put: (transactions) => {
      for (const { hash, sender, raw } of transactions)
        insert.run(bytesOfHex(hash), bytesOfHex(sender), withChecksum(raw));
    },
    remove: (hashes) => {
      for (const hash of hashes) remove.run(bytesOfHex(hash));
    },
  };
}
