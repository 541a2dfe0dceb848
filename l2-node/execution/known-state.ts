import Database from "better-sqlite3";
import { decodeAccount, NO_ACCOUNT } from "./account.ts";
import type { Execution } from "./execution.ts";
import { accountKey } from "./keys.ts";

/** Accounts of the newest executed block, read beside the thread that writes them. */
export function openKnownState(path: string): Pick<Execution, "knownAccount"> & { close(): void } {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  const select = db.prepare<[string], Buffer>("select value from state where key = ?").pluck();
  return {
    knownAccount(address) {
      const bytes = select.get(accountKey(address));
      return bytes === undefined ? NO_ACCOUNT : decodeAccount(bytes);
    },
    close: () => {
      db.close();
    },
  };
}
