import Database from "better-sqlite3";
import type { ChainFile } from "../../common/chain-file.ts";
import { sqliteBlocks } from "./sqlite-blocks.ts";
import { sqliteL1 } from "./sqlite-l1.ts";
import type { StoreReader } from "./store.ts";

/** Reads the store that this process has open elsewhere: what is committed there is seen here, and nothing is written. */
export function openReader(path: string, chain: ChainFile): StoreReader {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  const blocks = sqliteBlocks(db, chain);
  const dataVersion = db.prepare<[], number>("pragma data_version").pluck();
  const removed = db.prepare<[], string>("select value from meta where name = 'removed-blocks'").pluck();
  const head = db.prepare<[], number>("select max(number) from blocks").pluck();
  return {
    blocks,
    l1: sqliteL1(db, chain),
    headNumber: () => BigInt(head.get() as number),
    removedCount: () => Number(removed.get() ?? 0),
    commits: () => dataVersion.get() as number,
    forget: blocks.forget,
    snapshot: (look) => db.transaction(look)(),
    close: () => {
      db.close();
    },
  };
}
