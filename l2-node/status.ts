import * as fs from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { ChainFile } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";
import { ChainReader } from "./chain/reader.ts";
import { type ChainStatus, statusOf } from "./chain/status.ts";
import { nodeBelow } from "./store/node-below.ts";
import { openPool } from "./store/pool.ts";
import { openJournal } from "./store/pool-journal.ts";
import { isInUse, WrongChainError } from "./store/sqlite.ts";
import { openReader } from "./store/sqlite-reader.ts";

/** Bytes on disk. */
export interface DiskUse {
  readonly chain: number;
  readonly state: number;
  readonly pool: number;
  readonly blobs: number;
  /** Of all that is in the folder. */
  readonly total: number;
  /** What the disk has left. */
  readonly free: number;
}

/** What a node's folder tells, whether a node runs on it or not. */
export interface FolderStatus extends ChainStatus {
  readonly isRunning: boolean;
  /** As the last block says: whoever sealed that itself is the sequencer. */
  readonly role: "sequencer" | "replica";
  /** Last block of which the state is there; null where nothing was executed. */
  readonly executed: bigint | null;
  /** Transactions that wait in the pool. */
  readonly mempool: number;
  readonly disk: DiskUse;
}

/** Reads a node's folder as of one commit, and writes nothing. Throws `AnhError`, `WrongChainError`, `CorruptStoreError`. */
export function folderStatus(dataDir: string, file: ChainFile): FolderStatus {
  const chainPath = join(dataDir, "chain.sqlite");
  if (!fs.existsSync(chainPath))
    throw new AnhError("usage", `${dataDir} holds no chain`, {
      expected: "the data folder of a node that has run",
      actual: dataDir,
      ...nodeBelow(dataDir),
    });
  const store = openReader(chainPath, file);
  try {
    const genesis = store.blocks.block(0n)?.hash;
    if (genesis !== file.genesis.hash)
      throw new WrongChainError("wrong-chain", `${chainPath} holds another chain`, {
        expected: file.genesis.hash,
        actual: genesis,
      });
    const chain = new ChainReader({ chain: file }, { store });
    return chain.look(() => ({
      ...statusOf(chain),
      isRunning: isInUse(chainPath),
      role: store.blocks.block(chain.heads().latest)!.sealedHere ? "sequencer" : "replica",
      executed: executedIn(join(dataDir, "state.sqlite")),
      mempool: openPool(openJournal(`${chainPath}-pool`), file.l2ChainId)
        .all()
        .filter(({ sender, nonce }) => nonce >= store.blocks.account(sender).nonce).length,
      disk: diskUse(dataDir),
    }));
  } finally {
    store.close();
  }
}

function executedIn(path: string): bigint | null {
  if (!fs.existsSync(path)) return null;
  const db = new Database(path, { readonly: true });
  try {
    const number = db.prepare<[], number | null>("select max(number) from blocks").pluck().get();
    return number == null ? null : BigInt(number);
  } finally {
    db.close();
  }
}

function diskUse(folder: string): DiskUse {
  const bytes = (path: string): number => {
    // A running node removes files.
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (!stat?.isDirectory()) return stat?.size ?? 0;
    return fs.readdirSync(path).reduce((sum, name) => sum + bytes(join(path, name)), 0);
  };
  const sizes = fs.readdirSync(folder).map((name) => ({ name, size: bytes(join(folder, name)) }));
  const of = (is: (name: string) => boolean) =>
    sizes.filter(({ name }) => is(name)).reduce((sum, { size }) => sum + size, 0);
  const { bavail, bsize } = fs.statfsSync(folder);
  return {
    chain: of((name) => name.startsWith("chain.sqlite") && !name.endsWith("-pool")),
    state: of((name) => name.startsWith("state.sqlite")),
    pool: of((name) => name === "chain.sqlite-pool"),
    blobs: of((name) => name === "blobs" || name === "uploads"),
    total: of(() => true),
    free: bavail * bsize,
  };
}
