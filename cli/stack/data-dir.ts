import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { AnhError } from "../../common/errors.ts";
import { inUse, lockFolder, runningIn } from "./run-lock.ts";

/** Written by every run; says that a folder has been used. */
export const CHAIN_FILE = "chain.json";

/** What a run has written that was killed before it had a chain. */
const LEFT_BY_KILLED: ReadonlySet<string> = new Set(["lock", "lock-journal", "pid", "logs"]);

/** A new folder for a run that names none. */
export function temporaryDataDir(prefix: string): string {
  const path = mkdtempSync(join(tmpdir(), prefix));
  lockFolder(path, path);
  return path;
}

/** The absolute path of a folder named on the command line, made where it is not there. Refused if it cannot be written. */
export function writableFolder(named: string): string {
  const path = resolve(named);
  const refuse = (what: string, cause?: unknown) =>
    new AnhError("usage", `--data-dir ${named}: ${what}`, {
      expected: "a folder that is there or can be made",
      actual: named,
      cause,
    });
  let parent = path;
  while (!existsSync(parent)) parent = dirname(parent);
  if (!statSync(parent).isDirectory()) throw refuse(`${parent} is not a folder`);
  try {
    accessSync(parent, constants.W_OK);
    // Level by level: recursive creation does not end in folders that take none (such as /proc).
    const missing: string[] = [];
    for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const folder of missing) mkdirSync(folder);
  } catch (cause) {
    throw refuse(`cannot be written (${cause instanceof Error ? cause.message : cause})`, cause);
  }
  return path;
}

/** Throws if a run goes on in the folder. */
export function requireNoRun(path: string, named: string): void {
  const pid = runningIn(path);
  if (pid !== undefined) throw inUse(named, pid);
}

/** The folder named on the command line, for this run alone. Refused before anything is started if it cannot be one. */
export function chosenDataDir(named: string): string {
  const path = writableFolder(named);
  requireNoRun(path, named);
  // The embedded L1 keeps nothing when it ends, so what the other services kept belongs to a chain that is gone.
  if (existsSync(join(path, CHAIN_FILE)))
    throw new AnhError("usage", `--data-dir ${named} holds an earlier run, which cannot be continued`, {
      expected: "a folder without a run",
      actual: named,
      hint: "the L1 it ran on is gone; delete the folder, or name another",
    });
  // Later nobody could tell which files are the chain's.
  const foreign = readdirSync(path).find((name) => !LEFT_BY_KILLED.has(name));
  if (foreign !== undefined)
    throw new AnhError("usage", `--data-dir ${named} holds other files, such as ${foreign}`, {
      expected: "a new folder, or an empty one",
      actual: named,
      hint: "name another folder",
    });
  lockFolder(path, named);
  return path;
}
