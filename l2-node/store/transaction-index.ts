import type Database from "better-sqlite3";
import type { Hex } from "viem";
import { bytesOfHex } from "../../common/bytes.ts";
import type { Block } from "../chain/block.ts";

interface Place {
  readonly number: number;
  readonly position: number;
  readonly included: 0 | 1;
}

/** Where transactions are, by hash. */
export interface TransactionIndex {
  /** Where it was included, or else last skipped. */
  locate(hash: Hex): Place | undefined;
  add(block: Block): void;
  /** Takes the head off; called before the block goes. */
  remove(block: Block): void;
  /** Drops what is known of rows that a failed commit wrote. */
  forget(): void;
}

const MAX_RECENT = 4096;
const MAX_RECENT_BLOCKS = 1024;

/** The last, unless only earlier ones are inclusions. */
const best = (places: readonly Place[]): Place | undefined =>
  places.reduce<Place | undefined>(
    (found, place) => (found && found.included > place.included ? found : place),
    undefined,
  );

/**
 * Hashes lie anywhere in an index: written with each block, every transaction would cost a page of the disk's. So those of
 * the newest blocks are kept in memory, read from the blocks after a restart, and some thousands go to disk at once, in order.
 */
export function transactionIndex(
  db: Database.Database,
  blocks: { head(): Block; block(number: bigint): Block | undefined },
): TransactionIndex {
  const select = db.prepare<[Uint8Array], Place>(
    "select number, position, included from transactions where hash = ? order by included desc, number desc limit 1",
  );
  const insert = db.prepare("insert into transactions(hash, number, position, included) values (?, ?, ?, ?)");
  const remove = db.prepare("delete from transactions where hash = ? and number = ?");
  const indexedTo = db
    .prepare<[], string | number>(
      "select coalesce((select value from meta where name = 'indexed-to'), (select max(number) from transactions), 0)",
    )
    .pluck();
  const setIndexed = db.prepare(
    "insert into meta(name, value) values ('indexed-to', ?) on conflict(name) do update set value = excluded.value",
  );
  /** Blocks whose transactions are in memory only, oldest first. */
  let recent: Map<number, Block["transactions"]> | undefined;
  let places = new Map<Hex, readonly Place[]>();

  const note = (number: number, transactions: Block["transactions"]): void => {
    for (const [position, { hash, outcome }] of transactions.entries()) {
      const place = { number, position, included: outcome.status === "included" ? 1 : 0 } as const;
      places.set(hash, [...(places.get(hash) ?? []), place]);
    }
  };
  const known = (): Map<number, Block["transactions"]> => {
    if (recent) return recent;
    recent = new Map();
    places = new Map();
    const head = blocks.head().header.number;
    for (let number = BigInt(indexedTo.get() as string | number) + 1n; number <= head; number++)
      recent.set(Number(number), (blocks.block(number) as Block).transactions);
    for (const [number, transactions] of recent) note(number, transactions);
    return recent;
  };
  const save = (): void => {
    const rows = [...known()].flatMap(([number, transactions]) =>
      transactions.map(({ hash, outcome }, position) => ({ hash, number, position, outcome })),
    );
    rows.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
    for (const { hash, number, position, outcome } of rows)
      insert.run(bytesOfHex(hash), number, position, outcome.status === "included" ? 1 : 0);
  };

  return {
    locate(hash) {
      known();
      const stored = select.get(bytesOfHex(hash));
      return best([...(stored ? [stored] : []), ...(places.get(hash) ?? [])]);
    },
    add({ header, transactions }) {
      const number = Number(header.number);
      known().set(number, transactions);
      note(number, transactions);
      if (places.size < MAX_RECENT && known().size < MAX_RECENT_BLOCKS) return;
      save();
      setIndexed.run(String(number));
      recent = undefined;
    },
    remove({ header, transactions }) {
      const number = Number(header.number);
      const isRecent = known().delete(number);
      for (const { hash } of transactions)
        if (isRecent)
          places.set(
            hash,
            places.get(hash)!.filter((place) => place.number !== number),
          );
        else remove.run(bytesOfHex(hash), number);
      if (!isRecent) setIndexed.run(String(number - 1));
    },
    forget() {
      recent = undefined;
    },
  };
}
