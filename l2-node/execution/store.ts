import Database from "better-sqlite3";
import type { Address, Hex } from "viem";
import { AnhError } from "../../common/errors.ts";
import { weightedCache } from "../store/weighted-cache.ts";
import type { Appearance } from "./appearances.ts";
import type { LogFilter, Receipt } from "./execution.ts";
import type { StateKey } from "./keys.ts";
import { logPlaces, positionsOf, wantedTerms } from "./log-terms.ts";
import type { StateReader } from "./state.ts";

/** The folder holds the derived state of another chain, or of another layout. */
export class WrongStoreError extends AnhError {}

const SCHEMA = `
create table if not exists meta(name text primary key, value text not null);
create table if not exists state(key text primary key, value blob not null);
create table if not exists undo(number integer not null, key text not null, before blob);
create index if not exists undo_key on undo(key, number);
create index if not exists undo_number on undo(number);
create table if not exists blocks(number integer primary key, hash text not null, identity text not null);
create table if not exists receipts(hash text primary key, number integer not null, position integer not null, body text not null);
create unique index if not exists receipts_place on receipts(number, position);
create table if not exists log_index(term text not null, number integer not null, positions blob not null);
create unique index if not exists log_index_term on log_index(term, number);
create index if not exists log_index_number on log_index(number);
create table if not exists appearances(address text not null, number integer not null, position integer not null, nonce integer, created integer not null);
create unique index if not exists appearances_address on appearances(address, number, position);
create index if not exists appearances_number on appearances(number);
create index if not exists appearances_nonce on appearances(address, nonce) where nonce is not null;
create table if not exists judged(number integer not null, claim text not null, effective integer not null);
create table if not exists taint(key text not null, number integer not null, claims text not null);
create index if not exists taint_key on taint(key, number);
create table if not exists inputs(root text primary key, bytes blob not null);
`;
/** Tables whose rows belong to a block and go when it is rolled back. */
const PER_BLOCK = ["undo", "blocks", "receipts", "log_index", "appearances", "judged", "taint"];
const LAYOUT = "6";
/** Of values and what keeps them: codes are a thousand times as long as balances. */
const CACHE_BYTES = 64 * 1024 * 1024;
const weightOf = (value: Uint8Array | undefined, key: StateKey): number =>
  200 + key.length + (value === undefined ? 0 : 150 + value.length);
/** Transactions of one account in one block that a page shows beyond its size: blocks are not cut. */
const MAX_IN_BLOCK = 1000;

export interface Appeared {
  readonly receipts: readonly Receipt[];
  /** There is nothing beyond them. */
  readonly isLast: boolean;
}

/** What one block did, besides its writes. */
export interface BlockEffects {
  readonly receipts: readonly Receipt[];
  readonly appearances: readonly Appearance[];
  /** Soft claims whose standing this block judged by L1's head (P6.6). */
  readonly judged: readonly { readonly claim: Hex; readonly effective: boolean }[];
  /** Open results that written keys and finished transactions (`tx:<hash>`) depend on; empty lists clear. */
  readonly taint: ReadonlyMap<string, readonly Hex[]>;
  readonly inputs: ReadonlyMap<Hex, Uint8Array>;
}

/**
 * Derived state and what was found on the way, in one SQLite file. It can always be derived again, so commits are not
 * fsynced: after a crash the file is merely some blocks behind.
 */
export class ExecutionStore implements StateReader {
  readonly #db: Database.Database;
  readonly #cache = weightedCache<StateKey, Uint8Array | undefined>(CACHE_BYTES, weightOf);
  readonly #statements: Map<string, Database.Statement> = new Map();
  #executed: bigint | undefined;

  /** `path` may be ":memory:". `identity` names the chain; throws `WrongStoreError` if the file is another's. */
  constructor(path: string, identity: string) {
    this.#db = new Database(path);
    this.#db.pragma("journal_mode = WAL");
    this.#db.pragma("synchronous = NORMAL");
    this.#db.exec(SCHEMA);
    const expected = `${LAYOUT}:${identity}`;
    const found = this.#meta("identity");
    if (found === undefined) this.#setMeta("identity", expected);
    else if (found !== expected)
      throw new WrongStoreError("wrong-store", `${path} holds the state of another chain`, {
        expected,
        actual: found,
        hint: "remove the file: the state is derived again",
      });
  }

  /** undefined before genesis is put in. */
  executedNumber(): bigint | undefined {
    if (this.#executed !== undefined) return this.#executed;
    const row = this.#get<{ number: number | null }>("select max(number) as number from blocks");
    if (row?.number != null) this.#executed = BigInt(row.number);
    return this.#executed;
  }

  blockHash(number: bigint): Hex | undefined {
    return this.#get<{ hash: Hex }>("select hash from blocks where number = ?", number)?.hash;
  }

  blockIdentity(number: bigint): string | undefined {
    return this.#get<{ identity: string }>("select identity from blocks where number = ?", number)?.identity;
  }

  get(key: StateKey): Uint8Array | undefined {
    if (this.#cache.has(key)) return this.#cache.get(key);
    const value = this.#get<{ value: Uint8Array }>("select value from state where key = ?", key)?.value;
    return this.#cache.set(key, value);
  }

  /** Values as of the end of block `number`, which must be executed; later blocks may follow while it is in use. */
  at(number: bigint): StateReader {
    const statement = this.#prepare("select before from undo where key = ? and number > ? order by number limit 1");
    return {
      get: (key) => {
        if (number === this.#executed) return this.get(key);
        const row = statement.get(key, number) as { before: Uint8Array | null } | undefined;
        return row === undefined ? this.get(key) : (row.before ?? undefined);
      },
    };
  }

  /** Keys with a value at block `number` under a prefix, ascending. */
  keysAt(number: bigint, prefix: string): StateKey[] {
    const upper = `${prefix}g`;
    const rows = this.#prepare(
      `select key from state where key >= @prefix and key < @upper
       union select key from undo where number > @number and key >= @prefix and key < @upper order by key`,
    ).all({ prefix, upper, number }) as { key: StateKey }[];
    const reader = this.at(number);
    return rows.map((row) => row.key).filter((key) => reader.get(key) !== undefined);
  }

  /** Keys written by blocks above `number`, for moving the world tree there. */
  keysChangedBetween(low: bigint, high: bigint): StateKey[] {
    const rows = this.#prepare("select distinct key from undo where number > ? and number <= ?").all(low, high);
    return (rows as { key: StateKey }[]).map((row) => row.key);
  }

  commitBlock(
    { number, hash, identity }: { readonly number: bigint; readonly hash: Hex; readonly identity: string },
    writes: ReadonlyMap<StateKey, Uint8Array | undefined>,
    effects: BlockEffects,
  ): void {
    this.#atomically(() => {
      this.#run("insert into blocks(number, hash, identity) values(?, ?, ?)", number, hash, identity);
      for (const [key, value] of writes) {
        const before = this.get(key);
        if (before === value || (before && value && Buffer.compare(before, value) === 0)) continue;
        this.#run("insert into undo(number, key, before) values(?, ?, ?)", number, key, before ?? null);
        this.#put(key, value);
      }
      for (const receipt of effects.receipts)
        this.#run(
          "insert into receipts(hash, number, position, body) values(?, ?, ?, ?)",
          receipt.transactionHash,
          number,
          receipt.transactionIndex,
          encodeReceipt(receipt),
        );
      for (const [term, positions] of logPlaces(effects.receipts))
        this.#run("insert into log_index(term, number, positions) values(?, ?, ?)", term, number, positions);
      for (const { address, position, nonce, created } of effects.appearances)
        this.#run(
          "insert into appearances(address, number, position, nonce, created) values(?, ?, ?, ?, ?)",
          address,
          number,
          position,
          nonce ?? null,
          created ? 1 : 0,
        );
      for (const { claim, effective } of effects.judged)
        this.#run("insert into judged(number, claim, effective) values(?, ?, ?)", number, claim, effective ? 1 : 0);
      for (const [key, claims] of effects.taint)
        if (claims.length > 0 || this.taint(key).length > 0)
          this.#run("insert into taint(key, number, claims) values(?, ?, ?)", key, number, claims.join(","));
      for (const [root, bytes] of effects.inputs)
        this.#run("insert or ignore into inputs(root, bytes) values(?, ?)", root, bytes);
    });
    this.#executed = number;
  }

  /** Forgets every block above `number`. */
  rollbackTo(number: bigint): void {
    const undo = this.#prepare("select key, before from undo where number = ?");
    this.#atomically(() => {
      // One block's in memory at a time: a claim that falls late takes long chains back.
      for (let last = this.executedNumber() ?? number; last > number; last--)
        for (const { key, before } of undo.all(last) as { key: StateKey; before: Uint8Array | null }[])
          this.#put(key, before ?? undefined);
      for (const table of PER_BLOCK) this.#run(`delete from ${table} where number > ?`, number);
    });
    this.#executed = number;
  }

  receipt(hash: Hex): Receipt | undefined {
    const row = this.#get<{ body: string }>("select body from receipts where hash = ?", hash);
    return row && decodeReceipt(row.body);
  }

  receiptsOf(from: bigint, to: bigint): Receipt[] {
    const rows = this.#prepare("select body from receipts where number between ? and ? order by number, position");
    return (rows.all(from, to) as { body: string }[]).map((row) => decodeReceipt(row.body));
  }

  /** Receipts in a range, ascending, that have logs with what is asked for, though perhaps not in the same log. */
  receiptsWithLogs({ fromBlock, toBlock, ...wanted }: LogFilter): Receipt[] {
    const groups = wantedTerms(wanted).map((terms) => JSON.stringify(terms));
    const one = `select distinct number from log_index where number between ? and ?
      and term in (select value from json_each(?))`;
    const blocks = this.#prepare(`${groups.map(() => one).join(" intersect ")} order by number`).all(
      ...groups.flatMap((terms) => [fromBlock, toBlock, terms]),
    );
    const places = this.#prepare(
      "select positions from log_index where number = ? and term in (select value from json_each(?))",
    );
    return (blocks as { number: number }[]).flatMap(({ number }) => {
      const [first, ...others] = groups.map((terms) =>
        positionsOf(places.all(number, terms) as { positions: Uint8Array }[]),
      ) as [Set<number>, ...Set<number>[]];
      const common = [...first].filter((position) => others.every((some) => some.has(position)));
      return common.sort((a, b) => a - b).map((position) => this.#receiptAt(number, position));
    });
  }

  /** Blocks beside `from`, the nearest first, in which an account appears, until they hold `count` transactions or more. */
  appearances(address: Address, from: bigint, direction: "before" | "after", count: number): Appeared {
    const [than, order] = direction === "before" ? ["<", "desc"] : [">", "asc"];
    const rows = this.#prepare(
      `select number, position from appearances where address = ? and number ${than} ? order by number ${order}, position limit ?`,
    ).all(address, from, count + MAX_IN_BLOCK) as { number: number; position: number }[];
    let end = 0;
    while (end < rows.length && (end < count || rows[end]!.number === rows[end - 1]!.number)) end++;
    const receipts = rows.slice(0, end).map(({ number, position }) => this.#receiptAt(number, position));
    return { receipts, isLast: end === rows.length };
  }

  /** Hash of an account's transaction by nonce. */
  sent(address: Address, nonce: bigint): Hex | undefined {
    const row = this.#get<{ number: number; position: number }>(
      "select number, position from appearances where address = ? and nonce = ?",
      address,
      nonce,
    );
    return row && this.#receiptAt(row.number, row.position).transactionHash;
  }

  /** The transaction that created a contract, the last where there were several. */
  creation(address: Address): Receipt | undefined {
    const row = this.#get<{ number: number; position: number }>(
      "select number, position from appearances where address = ? and created = 1 order by number desc",
      address,
    );
    return row && this.#receiptAt(row.number, row.position);
  }

  #receiptAt(number: number, position: number): Receipt {
    const row = this.#get<{ body: string }>(
      "select body from receipts where number = ? and position = ?",
      number,
      position,
    );
    return decodeReceipt(row!.body);
  }

  /** First block that judged one of `claims`, and so stands or falls with them. */
  firstJudging(claims: ReadonlySet<Hex>): bigint | undefined {
    const rows = this.#prepare("select number, claim from judged order by number").all();
    const first = (rows as { number: number; claim: Hex }[]).find((row) => claims.has(row.claim));
    return first && BigInt(first.number);
  }

  /** Soft claims that had effect, in the order of the blocks that used them. */
  effectiveClaims(): Hex[] {
    const rows = this.#prepare("select claim from judged where effective = 1 order by number").all();
    return (rows as { claim: Hex }[]).map(({ claim }) => claim);
  }

  taint(key: string): Hex[] {
    const row = this.#get<{ claims: string }>("select claims from taint where key = ? order by number desc", key);
    return row === undefined || row.claims === "" ? [] : (row.claims.split(",") as Hex[]);
  }

  input(root: Hex): Uint8Array | undefined {
    return this.#get<{ bytes: Uint8Array }>("select bytes from inputs where root = ?", root)?.bytes;
  }

  /** The claims without soft effect that the executed blocks were judged with. */
  withoutSoftEffect(): ReadonlySet<Hex> {
    return new Set((this.#meta("without-soft-effect") ?? "").split(",").filter((hash) => hash !== "") as Hex[]);
  }

  setWithoutSoftEffect(claims: ReadonlySet<Hex>): void {
    this.#setMeta("without-soft-effect", [...claims].sort().join(","));
  }

  rederivedCount(): number {
    return Number(this.#meta("rederived") ?? 0);
  }

  countRederivation(): void {
    this.#setMeta("rederived", String(this.rederivedCount() + 1));
  }

  close(): void {
    this.#db.close();
  }

  /** What fails (a full disk, say) leaves nothing: SQLite undoes the writes, and what the cache holds of them goes. */
  #atomically(work: () => void): void {
    try {
      this.#db.transaction(work)();
    } catch (error) {
      this.#cache.clear();
      throw error;
    }
  }

  #put(key: StateKey, value: Uint8Array | undefined): void {
    this.#cache.set(key, value);
    if (value === undefined) this.#run("delete from state where key = ?", key);
    else
      this.#run(
        "insert into state(key, value) values(?, ?) on conflict(key) do update set value = excluded.value",
        key,
        value,
      );
  }

  #meta(name: string): string | undefined {
    return this.#get<{ value: string }>("select value from meta where name = ?", name)?.value;
  }

  #setMeta(name: string, value: string): void {
    this.#run(
      "insert into meta(name, value) values(?, ?) on conflict(name) do update set value = excluded.value",
      name,
      value,
    );
  }

  #prepare(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run(sql: string, ...values: unknown[]): void {
    this.#prepare(sql).run(...values);
  }

  #get<T>(sql: string, ...values: unknown[]): T | undefined {
    return this.#prepare(sql).get(...values) as T | undefined;
  }
}

/** JSON with bigints as `"<digits>n"`: receipts hold no other strings of that form. */
const encodeReceipt = (receipt: Receipt): string =>
  JSON.stringify(receipt, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
const decodeReceipt = (text: string): Receipt =>
  JSON.parse(text, (_, value) =>
    typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  );
