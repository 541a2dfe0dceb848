import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { AnhError } from "../../common/errors.ts";

/** Written by every run; says that a folder has been used. */
export const CHAIN_FILE = "chain.json";

/** The folder named on the command line, or a new temporary one. Refused before anything is started if it cannot be one. */
export function chosenDataDir(named: string | undefined, prefix: string): string {
  if (named === undefined) return mkdtempSync(join(tmpdir(), prefix));
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
  // The embedded L1 keeps nothing when it ends, so what the other services kept belongs to a chain that is gone.
  if (existsSync(join(path, CHAIN_FILE)))
    throw new AnhError("usage", `--data-dir ${named} holds an earlier run, which cannot be continued`, {
      expected: "a folder without a run",
      actual: named,
      hint: "the L1 it ran on is gone; delete the folder, or name another",
    });
  return path;
}
