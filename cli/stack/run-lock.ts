import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { AnhError } from "../../common/errors.ts";

const PID = "pid";
/** Stays when a run ends: were it removed, two could each hold a file of that name. */
const LOCK = "lock";

/** A process that ends has said so before its lock is gone. */
const LOCK_WAIT_MS = 200;

/** Folders that this process has taken, with what holds them. */
const taken = new Map<string, Database.Database>();

/** The process of a run that goes on in this folder, if there is one. What a killed run left says nothing. */
export function runningIn(folder: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(folder, PID), "utf8"));
    // The number may be somebody else's by now.
    const isOurs = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("cli/main.ts");
    return isOurs && pid !== process.pid ? pid : undefined;
  } catch {
    return undefined;
  }
}

export const inUse = (named: string, pid: number | undefined): AnhError =>
  new AnhError(
    "usage",
    `--data-dir ${named} is in use: a run goes on there${pid === undefined ? "" : ` (pid ${pid})`}`,
    {
      expected: "a folder that no run uses",
      actual: named,
      hint: "end that run first, or name another folder",
    },
  );

/** Takes the folder for this process, until it ends. Throws if another has it: of those that come together one gets it. */
export function lockFolder(folder: string, named: string): void {
  if (taken.has(folder)) return;
  // SQLite's lock is the system's, which takes it from a process that dies.
  const lock = new Database(join(folder, LOCK), { timeout: LOCK_WAIT_MS });
  try {
    lock.exec("begin exclusive");
  } catch (cause) {
    lock.close();
    if ((cause as { code?: string }).code !== "SQLITE_BUSY") throw cause;
    throw inUse(named, runningIn(folder));
  }
  taken.set(folder, lock);
  const path = join(folder, PID);
  writeFileSync(path, String(process.pid));
  process.once("exit", () => rmSync(path, { force: true }));
}
