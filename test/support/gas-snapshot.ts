import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

/** Set to record figures instead of comparing them: `ANH_SNAPSHOT=write npx vitest run <file>`. */
const WRITE = process.env.ANH_SNAPSHOT === "write";

type Figures = Readonly<Record<string, number>>;

const path = (name: string): string => new URL(`../snapshots/${name}.json`, import.meta.url).pathname;

/**
 * Holds gas figures and code sizes to those in git, so that a change is seen where it is made. `tolerance` is relative: calldata
 * with random hashes in it differs by some zero bytes from run to run.
 */
export function expectSnapshot(name: string, figures: Figures, tolerance = 0): void {
  const file = path(name);
  if (WRITE) {
    writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
    return;
  }
  const recorded: Figures = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Figures) : {};
  const changed = Object.entries(figures).filter(([key, figure]) => {
    const before = recorded[key];
    return before === undefined || Math.abs(figure - before) > tolerance * before;
  });
  const gone = Object.keys(recorded).filter((key) => !(key in figures));
  expect(
    {
      changed: Object.fromEntries(changed.map(([key, figure]) => [key, { recorded: recorded[key], now: figure }])),
      gone,
    },
    `test/snapshots/${name}.json is out of date; record with ANH_SNAPSHOT=write`,
  ).toEqual({ changed: {}, gone: [] });
}
