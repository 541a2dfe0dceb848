import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { seededRandom } from "../../support/random.ts";
import { runResumable, SEGMENTS } from "../../support/resumable-run.ts";

const KILLS = process.env.ANH_LONG === "1" ? 40 : 3;
const MAIN = fileURLToPath(new URL("../../support/resumable-run.ts", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-kill-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs until `segments` more of them are finished, then kills it wherever it is; gives those it told of. */
async function runAndKill(at: string, segments: number): Promise<number[]> {
  const child = spawn(process.execPath, [MAIN, at], { stdio: ["ignore", "pipe", "inherit"] });
  const finished: number[] = [];
  for await (const line of createInterface(child.stdout)) {
    finished.push(Number(line));
    if (finished.length === segments) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return finished;
}

it(`a run killed ${KILLS} times goes on from the last finished segment and ends in the same bits`, async () => {
  const random = seededRandom(3);
  const at = join(folder, "killed");
  let next = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const finished = await runAndKill(at, 1 + random.below(Math.floor(SEGMENTS / KILLS)));
    // What was told of is on the disk; the one after it may be, too, told or not.
    expect([next, next + 1]).toContain(finished[0]);
    expect(finished).toEqual(finished.map((_, i) => finished[0]! + i));
    next = finished.at(-1)! + 1;
  }
  const told: number[] = [];
  const resumed = await runResumable(at, (index) => told.push(index));
  expect([next, next + 1]).toContain(told[0]);
  expect(resumed).toEqual(await runResumable(join(folder, "whole"), () => {}));
  const left = await readdir(join(at, "run"));
  expect(left.filter((name) => name.endsWith(".new"))).toEqual([]);
});
