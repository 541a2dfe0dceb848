import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CHAIN_FILE, chosenDataDir } from "../../../cli/stack/data-dir.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-data-dir-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file, or a folder below one, is refused", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => chosenDataDir(file, "x")).toThrow(/is not a folder/);
  expect(() => chosenDataDir(join(file, "below"), "x")).toThrow(/is not a folder/);
});

test("a folder that holds a run is refused, and not touched", () => {
  writeFileSync(join(folder, CHAIN_FILE), "{}");
  expect(() => chosenDataDir(folder, "x")).toThrow(/holds an earlier run/);
  rmSync(join(folder, CHAIN_FILE));
  expect(chosenDataDir(folder, "x")).toBe(folder);
});

test("a folder that is not there is made, with those above it; none named is a new one each time", () => {
  const path = join(folder, "a/b");
  expect(chosenDataDir(path, "x")).toBe(path);
  expect(statSync(path).isDirectory()).toBe(true);
  const made = [chosenDataDir(undefined, "anh-x-"), chosenDataDir(undefined, "anh-x-")];
  expect(made[0]).not.toBe(made[1]);
  for (const each of made) rmSync(each, { recursive: true });
});
