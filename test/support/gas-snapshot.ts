import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/** `./anh gas-snapshot` sets both: figures are then written to the folder instead of compared with git's. */
const WRITE = process.env.ANH_SNAPSHOT === "write";
const FOLDER = process.env.ANH_SNAPSHOT_FOLDER ?? fileURLToPath(new URL("../snapshots", import.meta.url));

type Figures = Readonly<Record<string, number>>;

/**
 * Holds gas figures and code sizes to those in git, so that a change is seen where it is made. `tolerance` is relative: calldata
 * with random hashes in it differs by some zero bytes from run to run.
 */
export function expectSnapshot(name: string, figures: Figures, tolerance = 0): void {
  const file = join(FOLDER, `${name}.json`);
  const recorded: Figures = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Figures) : {};
  const moved = (key: string, figure: number): boolean => {
    const before = recorded[key];
    return before === undefined || Math.abs(figure - before) > tolerance * before;
  };
  if (WRITE) {
    const kept = Object.entries(figures).map(([key, figure]) => [key, moved(key, figure) ? figure : recorded[key]]);
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
    return;
  }
  const changed = Object.entries(figures).filter(([key, figure]) => moved(key, figure));
  const gone = Object.keys(recorded).filter((key) => !(key in figures));
  expect(
    {
      changed: Object.fromEntries(changed.map(([key, figure]) => [key, { recorded: recorded[key], now: figure }])),
      gone,
    },
    `test/snapshots/${name}.json is out of date; record with ./anh gas-snapshot`,
  ).toEqual({ changed: {}, gone: [] });
}
