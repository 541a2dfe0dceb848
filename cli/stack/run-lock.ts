import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LOCK = "pid";

/** The process of a run that goes on in this folder, if there is one. What a killed run left says nothing. */
export function runningIn(folder: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(folder, LOCK), "utf8"));
    // The number may be somebody else's by now.
    const isOurs = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("cli/main.ts");
    return isOurs && pid !== process.pid ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Says so for this process, until it ends. */
export function lockFolder(folder: string): void {
  const path = join(folder, LOCK);
  writeFileSync(path, String(process.pid));
  process.once("exit", () => rmSync(path, { force: true }));
}
