import type Database from "better-sqlite3";
import { bytesOfHex } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { decodeBlock, encodeBlock } from "./block-codec.ts";
import { checked, withChecksum } from "./checksum.ts";
import type { DroppedStore } from "./store.ts";

export function sqliteDropped(db: Database.Database, chain: ChainFile): DroppedStore {
  const insert = db.prepare("insert or ignore into dropped(hash, number, parent, origin, body) values (?, ?, ?, ?, ?)");
  const selectOver = db.prepare<[Uint8Array], { number: number; body: Buffer }>(
    "select number, body from dropped where parent = ? order by rowid",
  );
  const selectOrigins = db.prepare<[number, number], { origin: number }>(
    "select distinct origin from dropped where origin between ? and ?",
  );
  const deleteUpTo = db.prepare("delete from dropped where number <= ?");
  return {
    put(block) {
      const { number, parentHash, origin } = block.header;
      const body = withChecksum(encodeBlock(block));
      insert.run(bytesOfHex(block.hash), Number(number), bytesOfHex(parentHash), Number(origin.number), body);
    },
    over: ({ hash }) =>
      selectOver
        .all(bytesOfHex(hash))
        .map(({ number, body }) => decodeBlock(checked(body, `the dropped block ${number}`), chain)),
    originsIn: (from, to) => selectOrigins.all(Number(from), Number(to)).map(({ origin }) => BigInt(origin)),
    prune: (number) => {
      deleteUpTo.run(Number(number));
    },
  };
}
