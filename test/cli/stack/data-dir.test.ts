import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CHAIN_FILE, chosenDataDir, temporaryDataDir } from "../../../cli/stack/data-dir.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-data-dir-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file, or a folder below one, is refused", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => chosenDataDir(file)).toThrow(/is not a folder/);
  expect(() => chosenDataDir(join(file, "below"))).toThrow(/is not a folder/);
});

test("a folder that holds a run is refused, and not touched", () => {
  writeFileSync(join(folder, CHAIN_FILE), "{}");
  expect(() => chosenDataDir(folder)).toThrow(/holds an earlier run/);
  rmSync(join(folder, CHAIN_FILE));
  expect(chosenDataDir(folder)).toBe(folder);
});

test("what a run that was killed left of its lock says nothing", () => {
  const killed = join(folder, "killed");
  mkdirSync(killed);
  for (const pid of ["4194305", "1", "?"]) {
    writeFileSync(join(killed, "pid"), pid);
    expect(chosenDataDir(killed)).toBe(killed);
  }
});

test("a folder that is not there is made, with those above it; none named is a new one each time", () => {
  const path = join(folder, "a/b");
  expect(chosenDataDir(path)).toBe(path);
  expect(statSync(path).isDirectory()).toBe(true);
  const made = [temporaryDataDir("anh-x-"), temporaryDataDir("anh-x-")];
  expect(made[0]).not.toBe(made[1]);
  for (const each of made) rmSync(each, { recursive: true });
});
