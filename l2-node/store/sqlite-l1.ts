import type Database from "better-sqlite3";
import { bytesOfHex, hexOf } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import type { L1Header } from "../../common/l1-header.ts";
import { decodeMessage } from "../../common/message.ts";
import type { L1Message } from "../l1/step.ts";
import { checked, withChecksum } from "./checksum.ts";
import type { BatchRecord, L1Store } from "./store.ts";

type HeaderRow = {
  number: number;
  hash: Buffer;
  parent: Buffer;
  timestamp: number;
  base_fee: string;
  mix_hash: Buffer;
};
type MessageRow = { position: number; kind: number; body: Buffer; hash: Buffer; l1_block: number };
type BatchRow = {
  batch: number;
  first: number;
  last: number;
  last_hash: Buffer;
  l1_block: number;
  l1_transaction: Buffer;
};

// Beyond what `blockhash` of EIP-2935 reaches no L1 block can become an origin, and forks do not go that deep.
const KEPT_HEADERS = 10_000n;
/** Messages in memory at a time where all are read. */
const PAGE = 256;

const headerOf = (row: HeaderRow): L1Header => ({
  number: BigInt(row.number),
  hash: hexOf(row.hash),
  parentHash: hexOf(row.parent),
  timestamp: BigInt(row.timestamp),
  baseFeeWei: BigInt(row.base_fee),
  mixHash: hexOf(row.mix_hash),
});

const messageOf = (row: MessageRow): L1Message => ({
  index: BigInt(row.position),
  kind: row.kind,
  body: hexOf(checked(row.body, `inbox message ${row.position}`)),
  hash: hexOf(row.hash),
  l1Block: BigInt(row.l1_block),
});

const batchOfRow = (row: BatchRow): BatchRecord => ({
  batch: BigInt(row.batch),
  firstNumber: BigInt(row.first),
  lastNumber: BigInt(row.last),
  lastHash: hexOf(row.last_hash),
  l1Block: BigInt(row.l1_block),
  l1Transaction: hexOf(row.l1_transaction),
});

export function sqliteL1(db: Database.Database, chain: ChainFile): L1Store {
  const { inboxHash, number: genesisOrigin } = chain.genesis.header.origin;
  const getMeta = db.prepare<[string], { value: string }>("select value from meta where name = ?");
  const setMeta = db.prepare(
    "insert into meta(name, value) values (?, ?) on conflict(name) do update set value = excluded.value",
  );
  const selectHeader = db.prepare<[number], HeaderRow>("select * from l1_headers where number = ?");
  const selectBelow = db.prepare<[number], HeaderRow>(
    "select * from l1_headers where number < ? order by number desc limit 1",
  );
  const insertHeader = db.prepare("insert or replace into l1_headers values (?, ?, ?, ?, ?, ?)");
  // Claims are judged by their L1 blocks' times for as long as there is a chain (P6.6).
  const pruneHeaders = db.prepare(
    `delete from l1_headers where number >= ? and number < ? and number <> ? and not exists
       (select 1 from messages where messages.l1_block = l1_headers.number and kind between 3 and 5)`,
  );
  const selectMessage = db.prepare<[number], MessageRow>("select * from messages where position = ?");
  const selectLastMessage = db.prepare<[], MessageRow>("select * from messages order by position desc limit 1");
  const selectMessageAt = db.prepare<[number], MessageRow>(
    "select * from messages where l1_block <= ? order by l1_block desc, position desc limit 1",
  );
  const selectSettled = db.prepare<[number], MessageRow>(
    "select * from messages where kind = 6 and position < ? order by position desc limit 1",
  );
  const selectClaimMessages = db.prepare<[number], MessageRow>(
    `select * from messages where kind between 3 and 5 and position >= ? order by position limit ${PAGE}`,
  );
  const insertMessage = db.prepare("insert into messages values (?, ?, ?, ?, ?)");
  const insertBatch = db.prepare("insert into batches values (?, ?, ?, ?, ?, ?)");
  const selectBatch = db.prepare<[number], BatchRow>("select * from batches where batch = ?");
  const selectBatchOf = db.prepare<[number], BatchRow>("select * from batches where last >= ? order by last limit 1");
  const selectBatchAt = db.prepare<[number], BatchRow>(
    "select * from batches where l1_block <= ? order by l1_block desc, batch desc limit 1",
  );
  const above = ["l1_headers where number", "messages where l1_block", "batches where l1_block"].map((rest) =>
    db.prepare(`delete from ${rest} > ?`),
  );

  // What is kept below it is not looked at again.
  let prunedTo = 0;

  const originAt = (number: bigint): L1Header | undefined => {
    const row = selectHeader.get(Number(number));
    return row && headerOf(row);
  };
  const rawMessage = (index: bigint): L1Message | undefined => {
    const row = selectMessage.get(Number(index));
    return row && messageOf(row);
  };
  const standing = (row: MessageRow | undefined) =>
    row ? { count: BigInt(row.position) + 1n, hash: hexOf(row.hash) } : { count: 0n, hash: inboxHash };
  const lastBatchAt = (l1Block: bigint): BatchRecord | undefined => {
    const row = selectBatchAt.get(Number(l1Block));
    return row && batchOfRow(row);
  };

  const settledAt: L1Store["settledAt"] = (count) => {
    const row = selectSettled.get(Number(count));
    const message = row && decodeMessage(row.kind, messageOf(row).body);
    return message?.kind === 6 ? message : undefined;
  };

  return {
    originAt,
    checkpointAt: (l1Block) => standing(selectMessageAt.get(Number(l1Block))),
    message(index) {
      const { kind, body } = rawMessage(index) as L1Message;
      return decodeMessage(kind, body);
    },
    settledAt,
    creditsRootAt: (count) => settledAt(count)?.creditsRoot,
    cursor() {
      const number = getMeta.get("l1-cursor")?.value;
      return number === undefined ? undefined : originAt(BigInt(number));
    },
    finalizedNumber: () => BigInt(getMeta.get("l1-finalized")?.value ?? 0),
    setCursor(head, finalizedNumber) {
      this.putHeader(head);
      const oldest = Number(head.number - KEPT_HEADERS);
      pruneHeaders.run(prunedTo, oldest, Number(genesisOrigin));
      prunedTo = Math.max(prunedTo, oldest);
      setMeta.run("l1-cursor", head.number.toString());
      setMeta.run("l1-finalized", finalizedNumber.toString());
    },
    putHeader: ({ number, hash, parentHash, timestamp, baseFeeWei, mixHash }) => {
      const blobs = [bytesOfHex(hash), bytesOfHex(parentHash), bytesOfHex(mixHash)] as const;
      insertHeader.run(Number(number), blobs[0], blobs[1], Number(timestamp), baseFeeWei.toString(), blobs[2]);
    },
    headerBelow: (number) => {
      const row = selectBelow.get(Number(number));
      return row && headerOf(row);
    },
    inbox: () => standing(selectLastMessage.get()),
    putMessage: ({ index, kind, body, hash, l1Block }) => {
      insertMessage.run(Number(index), kind, withChecksum(bytesOfHex(body)), bytesOfHex(hash), Number(l1Block));
    },
    rawMessage,
    *claimMessages(from = 0n) {
      let rows = selectClaimMessages.all(Number(from));
      for (; rows.length > 0; rows = selectClaimMessages.all(rows.at(-1)!.position + 1)) yield* rows.map(messageOf);
    },
    putBatch: ({ batch, firstNumber, lastNumber, lastHash, l1Block, l1Transaction }) => {
      const [hash, transaction] = [bytesOfHex(lastHash), bytesOfHex(l1Transaction)];
      insertBatch.run(Number(batch), Number(firstNumber), Number(lastNumber), hash, Number(l1Block), transaction);
    },
    lastBatch: () => lastBatchAt(2n ** 53n - 1n),
    batch: (index) => {
      const row = selectBatch.get(Number(index));
      return row && batchOfRow(row);
    },
    batchOf: (number) => {
      const row = selectBatchOf.get(Number(number));
      return row && batchOfRow(row);
    },
    lastBatchAt,
    rewind(l1Block) {
      for (const statement of above) statement.run(Number(l1Block));
      const cursor = this.headerBelow(l1Block + 1n);
      if (cursor) setMeta.run("l1-cursor", cursor.number.toString());
      else db.prepare("delete from meta where name = 'l1-cursor'").run();
    },
  };
}
