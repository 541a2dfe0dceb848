import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";

const LOOK_MS = 200;

/** Runs work while no other process runs such work under the same file; `onWait` hears, once, that another one does. */
export async function alone<T>(file: string, work: () => Promise<T>, onWait: () => void): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  // SQLite's lock is the system's, which takes it from a process that dies.
  const lock = new Database(file, { timeout: 0 });
  try {
    for (let told = false; !isTaken(lock); await sleep(LOOK_MS)) {
      if (!told) onWait();
      told = true;
    }
    return await work();
  } finally {
    lock.close();
  }
}

function isTaken(lock: Database.Database): boolean {
  try {
    lock.exec("begin exclusive");
    return true;
  } catch (error) {
    if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
    return false;
  }
}
