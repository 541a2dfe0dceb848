import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { openPool } from "./pool.ts";
import { memoryJournal, openJournal } from "./pool-journal.ts";
import { sqliteBlocks } from "./sqlite-blocks.ts";
import { sqliteDropped } from "./sqlite-dropped.ts";
import { sqliteL1 } from "./sqlite-l1.ts";
import type { Store } from "./store.ts";

/** The data folder belongs to another chain. */
export class WrongChainError extends AnhError {}

// Rowid tables: measured faster than WITHOUT ROWID. Hashes and addresses are blobs; what no other hash covers has a checksum.
const SCHEMA = `
create table if not exists meta(name text primary key, value text not null);
create table if not exists blocks(number integer primary key, hash blob not null, body blob not null, undo blob not null);
create index if not exists blocks_hash on blocks(hash);
create table if not exists transactions(hash blob not null, number integer not null, position integer not null, included integer not null);
create index if not exists transactions_hash on transactions(hash);
drop index if exists transactions_number;
create table if not exists ledger(address blob primary key, account blob not null);
create table if not exists l1_headers(number integer primary key, hash blob not null, parent blob not null, timestamp integer not null, base_fee text not null, mix_hash blob not null);
create table if not exists messages(position integer primary key, kind integer not null, body blob not null, hash blob not null, l1_block integer not null);
create index if not exists messages_l1_block on messages(l1_block);
create index if not exists messages_kind on messages(kind, position);
create table if not exists batches(batch integer primary key, first integer not null, last integer not null, last_hash blob not null, l1_block integer not null, l1_transaction blob not null);
create index if not exists batches_last on batches(last);
create index if not exists batches_l1_block on batches(l1_block);
create table if not exists dropped(hash blob primary key, number integer not null, parent blob not null, origin integer not null, body blob not null);
create index if not exists dropped_parent on dropped(parent);
`;

/** Two processes on one folder would each seal blocks the other does not know. */
export class StoreInUseError extends AnhError {}

/** Opens or creates the store of `chain` at `path` (a file, or ":memory:"). Throws `WrongChainError` for another chain's, `StoreInUseError`. */
export function openStore(path: string, chain: ChainFile): Store {
  const lock = path === ":memory:" ? undefined : lockFor(path);
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  // A block is durable before anybody hears of it: FULL makes each commit an fsync.
  db.pragma("synchronous = FULL");
  db.exec(SCHEMA);
  checkChain(db, path, chain.genesis.hash);
  const blocks = sqliteBlocks(db, chain);
  const pool = openPool(path === ":memory:" ? memoryJournal() : openJournal(`${path}-pool`), chain.l2ChainId);
  return {
    blocks,
    l1: sqliteL1(db, chain),
    pool,
    dropped: sqliteDropped(db, chain),
    transaction(work) {
      try {
        return db.transaction(work)();
      } catch (error) {
        blocks.forget();
        throw error;
      }
    },
    close: () => {
      pool.close();
      db.close();
      lock?.close();
    },
  };
}

const LOCK_WAIT_MS = 1000;

/**
 * Held as long as it is open, and by no dead process. A file of its own: locked exclusively, the store itself could not be
 * read by this process's other threads.
 */
function lockFor(path: string): Database.Database {
  const lock = new Database(`${path}-lock`, { timeout: LOCK_WAIT_MS });
  try {
    lock.exec("begin exclusive");
    return lock;
  } catch (cause) {
    lock.close();
    if ((cause as { code?: string }).code !== "SQLITE_BUSY") throw cause;
    throw new StoreInUseError("store-in-use", `${path} is in use by another process`, {
      cause,
      hint: "stop that node, or give this one a data folder of its own",
    });
  }
}

/** Whether a node has it open now. */
export function isInUse(path: string): boolean {
  if (!existsSync(`${path}-lock`)) return false;
  // A reader's lock is enough to see the other's, and keeps nobody out for long.
  const lock = new Database(`${path}-lock`, { readonly: true, timeout: 0 });
  try {
    lock.exec("begin; select 1 from sqlite_master; rollback");
    return false;
  } catch (error) {
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
    return true;
  } finally {
    lock.close();
  }
}

function checkChain(db: Database.Database, path: string, genesis: string): void {
  const found = db.prepare<[], { value: string }>("select value from meta where name = 'genesis'").get()?.value;
  if (found === undefined) db.prepare("insert into meta(name, value) values ('genesis', ?)").run(genesis);
  else if (found !== genesis)
    throw new WrongChainError("wrong-chain", `${path} holds another chain`, {
      expected: genesis,
      actual: found,
      hint: "point the node at another data folder, or at the chain file this one was made with",
    });
}
