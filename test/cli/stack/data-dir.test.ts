import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { CHAIN_FILE, chosenDataDir, temporaryDataDir } from "../../../cli/stack/data-dir.ts";
import { lockFolder } from "../../../cli/stack/run-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-data-dir-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a file, or a folder below one, is refused", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => chosenDataDir(file)).toThrow(/is not a folder/);
  expect(() => chosenDataDir(join(file, "below"))).toThrow(/is not a folder/);
});

test("a folder that holds a run, or anything else, is refused, and not touched", () => {
  const path = join(folder, "earlier");
  for (const [name, words] of [
    [CHAIN_FILE, /holds an earlier run/],
    ["thesis.tex", /holds other files, such as thesis.tex/],
  ] as const) {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, name), "{}");
    expect(() => chosenDataDir(path)).toThrow(words);
    expect(readdirSync(path)).toEqual([name]);
    rmSync(join(path, name));
  }
  expect(chosenDataDir(path)).toBe(path);
});

test("what a run that was killed left of its lock says nothing", () => {
  const killed = join(folder, "killed");
  mkdirSync(killed);
  for (const pid of ["4194305", "1", "?"]) {
    writeFileSync(join(killed, "pid"), pid);
    expect(chosenDataDir(killed)).toBe(killed);
  }
});

test("of processes that come together one takes a folder, and when it is killed the next", async () => {
  const path = join(folder, "together");
  mkdirSync(path);
  const module = pathToFileURL(resolve("cli/stack/run-lock.ts"));
  // It has looked for others before anybody said that he is there, as this test's process has: neither is seen by the other.
  const other = spawn(process.execPath, [
    "-e",
    `import(${JSON.stringify(module)}).then(({ lockFolder }) => {
      lockFolder(${JSON.stringify(path)}, "together");
      console.log("taken");
      setInterval(() => {}, 1000);
    })`,
  ]);
  try {
    await once(other.stdout, "data");
    expect(() => lockFolder(path, "together")).toThrow("--data-dir together is in use: a run goes on there");
    expect(() => chosenDataDir(path)).toThrow(/is in use/);
  } finally {
    other.kill("SIGKILL");
    await once(other, "close");
  }
  expect(chosenDataDir(path)).toBe(path);
  expect(readFileSync(join(path, "pid"), "utf8")).toBe(String(process.pid));
});

test("a folder that is not there is made, with those above it; none named is a new one each time", () => {
  const path = join(folder, "a/b");
  expect(chosenDataDir(path)).toBe(path);
  expect(statSync(path).isDirectory()).toBe(true);
  const made = [temporaryDataDir("anh-x-"), temporaryDataDir("anh-x-")];
  expect(made[0]).not.toBe(made[1]);
  for (const each of made) rmSync(each, { recursive: true });
});
