import type Database from "better-sqlite3";
import type { Address } from "viem";
import { bytesOfHex } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { AnhError } from "../../common/errors.ts";
import { type Block, genesisBlock } from "../chain/block.ts";
import { EMPTY_ACCOUNT, type LedgerAccount } from "../ledger/ledger.ts";
import { decodeBlock, decodeUndo, encodeAccount, encodeBlock, encodeUndo } from "./block-codec.ts";
import { CorruptStoreError, checked, withChecksum } from "./checksum.ts";
import type { BlockStore } from "./store.ts";
import { transactionIndex } from "./transaction-index.ts";
import { weightedCache } from "./weighted-cache.ts";

/** A block that is not the head's child: a bug of the caller, never data. */
export class NotNextBlockError extends AnhError {}

const CACHED_BLOCK_BYTES = 32 * 1024 * 1024;
const CACHED_ACCOUNTS = 100_000;

// What a decoded block takes beside its envelopes, measured: a transaction some 1,100 bytes, a header with all else 2,000.
const weightOf = ({ transactions }: Block): number =>
  transactions.reduce((sum, { raw }) => sum + 1100 + raw.length, 2000);

/** `forget` drops what was cached during a transaction that failed. */
export function sqliteBlocks(db: Database.Database, chain: ChainFile): BlockStore & { forget(): void } {
  const selectHead = db.prepare<[], { number: number }>("select max(number) as number from blocks");
  const selectBlock = db.prepare<[number], { body: Buffer }>("select body from blocks where number = ?");
  const selectNumber = db.prepare<[Uint8Array], { number: number }>("select number from blocks where hash = ?");
  const selectUndo = db.prepare<[number], { undo: Buffer }>("select undo from blocks where number = ?");
  const insertBlock = db.prepare("insert into blocks(number, hash, body, undo) values (?, ?, ?, ?)");
  const deleteBlock = db.prepare("delete from blocks where number = ?");
  const selectAccount = db.prepare<[Uint8Array], { account: Buffer }>("select account from ledger where address = ?");
  const putAccount = db.prepare(
    "insert into ledger(address, account) values (?, ?) on conflict(address) do update set account = excluded.account",
  );

  const countRemoval = db.prepare(
    "insert into meta(name, value) values ('removed-blocks', '1') on conflict(name) do update set value = value + 1",
  );

  const blocks = weightedCache<bigint, Block>(CACHED_BLOCK_BYTES, weightOf);
  const accounts = weightedCache<Address, LedgerAccount>(CACHED_ACCOUNTS, () => 1);
  let headNumber: bigint | undefined;

  const account = (address: Address): LedgerAccount => {
    const cached = accounts.get(address);
    if (cached) return cached;
    const row = selectAccount.get(bytesOfHex(address));
    const [[owner, found]] = row
      ? (decodeUndo(checked(row.account, `the ledger account of ${address}`)) as [[Address, LedgerAccount]])
      : [[address, EMPTY_ACCOUNT] as const];
    if (owner !== address)
      throw new CorruptStoreError("corrupt-store", `${address} has the ledger account of ${owner}`);
    return accounts.set(address, found);
  };
  const setAccount = (address: Address, value: LedgerAccount): void => {
    putAccount.run(bytesOfHex(address), withChecksum(encodeAccount(address, value)));
    accounts.set(address, value);
  };

  const write = (block: Block, undo: Uint8Array): void => {
    const number = Number(block.header.number);
    insertBlock.run(number, bytesOfHex(block.hash), withChecksum(encodeBlock(block)), withChecksum(undo));
    blocks.set(block.header.number, block);
    headNumber = block.header.number;
  };
  if (selectHead.get()?.number == null) write(genesisBlock(chain.genesis.header), encodeUndo([]));

  const block = (number: bigint): Block | undefined => {
    const cached = blocks.get(number);
    if (cached) return cached;
    const row = number < 0n || number > 2n ** 53n ? undefined : selectBlock.get(Number(number));
    return row && blocks.set(number, decodeBlock(checked(row.body, `block ${number}`), chain));
  };
  const head = (): Block => {
    headNumber ??= BigInt(selectHead.get()?.number ?? 0);
    return block(headNumber) as Block;
  };

  const index = transactionIndex(db, { head, block });

  return {
    account,
    block,
    head,
    numberOf: (hash) => {
      const row = selectNumber.get(bytesOfHex(hash));
      return row && BigInt(row.number);
    },
    locate: (hash) => {
      const place = index.locate(hash);
      return place && { number: BigInt(place.number), index: place.position };
    },
    append(next, changes) {
      const parent = head();
      if (next.header.number !== parent.header.number + 1n || next.header.parentHash !== parent.hash)
        throw new NotNextBlockError("not-next-block", `block ${next.header.number} does not follow the head`, {
          expected: parent.hash,
          actual: next.header.parentHash,
        });
      const before = [...changes.keys()].map((address) => [address, account(address)] as const);
      for (const [address, value] of changes) setAccount(address, value);
      write(next, encodeUndo(before));
      index.add(next);
    },
    removeHead() {
      const last = head();
      const number = Number(last.header.number);
      if (number === 0) throw new NotNextBlockError("genesis", "genesis cannot be removed");
      const undo = checked(selectUndo.get(number)?.undo as Buffer, `the undo data of block ${number}`);
      for (const [address, value] of decodeUndo(undo)) setAccount(address, value);
      index.remove(last);
      deleteBlock.run(number);
      countRemoval.run();
      blocks.delete(last.header.number);
      headNumber = last.header.number - 1n;
      return last;
    },
    forget() {
      blocks.clear();
      accounts.clear();
      headNumber = undefined;
      index.forget();
    },
  };
}
