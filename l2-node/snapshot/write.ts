import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { ChainFile } from "../../common/chain-file.ts";
import { encodeHeader } from "../../common/header.ts";
import type { Block } from "../chain/block.ts";
import { batchData } from "../l1/batch-data.ts";
import { nodeBelow } from "../store/node-below.ts";
import { WrongChainError } from "../store/sqlite.ts";
import { openReader } from "../store/sqlite-reader.ts";
import type { BatchRecord, StoreReader } from "../store/store.ts";
import { encodeArchived, identityOf, MAGIC, SnapshotError, type SnapshotManifest } from "./format.ts";

export interface Written {
  readonly manifest: SnapshotManifest;
  readonly bytes: number;
}

/**
 * Writes what a node has of the batches that L1 has finalized, as of one commit; the node may run meanwhile. The file is there
 * whole or not at all.
 */
export function writeSnapshot(dataDir: string, chain: ChainFile, path: string): Written {
  const chainPath = join(dataDir, "chain.sqlite");
  if (!fs.existsSync(chainPath))
    throw new SnapshotError("usage", `${dataDir} holds no chain`, {
      expected: "the data folder of a node that has run",
      actual: dataDir,
      ...nodeBelow(dataDir),
    });
  const store = openReader(chainPath, chain);
  try {
    return store.snapshot(() => {
      const genesis = store.blocks.block(0n)?.hash;
      if (genesis !== chain.genesis.hash)
        throw new WrongChainError("wrong-chain", `${chainPath} holds another chain`, {
          expected: chain.genesis.hash,
          actual: genesis,
        });
      return write(store, chain, path);
    });
  } finally {
    store.close();
  }
}

function write(store: StoreReader, chain: ChainFile, path: string): Written {
  const last = store.l1.lastBatchAt(store.l1.finalizedNumber());
  const temporary = `${path}.part`;
  const fd = fs.openSync(temporary, "w");
  const hash = createHash("sha256");
  let bytes = 0;
  const put = (part: Uint8Array): void => {
    for (let at = 0; at < part.length; ) at += fs.writeSync(fd, part, at);
    bytes += part.length;
  };
  const putHashed = (part: Uint8Array): void => {
    hash.update(part);
    put(part);
  };
  try {
    let batches = 0;
    for (let index = 1n; index <= (last?.batch ?? 0n); index++) {
      const blocks = archivable(store, store.l1.batch(index) as BatchRecord);
      if (blocks === undefined) continue;
      const headers = blocks.map(({ header }) => encodeHeader(header));
      putHashed(encodeArchived({ batch: index, headers, data: batchData(blocks) }));
      batches++;
    }
    const head = store.blocks.block(last?.lastNumber ?? 0n) as Block;
    const settled = store.l1.settledAt(head.header.origin.inboxCount);
    const manifest: SnapshotManifest = {
      ...identityOf(chain),
      batches,
      head: { number: head.header.number.toString(), hash: head.hash },
      settled: settled ? { number: settled.number.toString(), stateRoot: settled.stateRoot } : null,
    };
    const told = Buffer.from(JSON.stringify(manifest));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(told.length);
    for (const part of [told, length, MAGIC]) putHashed(part);
    put(hash.digest());
    fs.fsyncSync(fd);
    fs.renameSync(temporary, path);
    syncFolder(dirname(path));
    return { manifest, bytes };
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** Its blocks, where these are all that was posted: of an inbox-only one the node kept no more than it made of it. */
function archivable(store: StoreReader, { firstNumber, lastNumber }: BatchRecord): Block[] | undefined {
  const blocks: Block[] = [];
  for (let number = firstNumber; number <= lastNumber; number++) {
    const block = store.blocks.block(number) as Block;
    if (block.inboxOnly || block.fallback) return undefined;
    blocks.push(block);
  }
  return blocks;
}

function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, "r");
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}
