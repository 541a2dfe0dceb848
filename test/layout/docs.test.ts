import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const pages = ["README.md", "CONTRIBUTING.md", ...globSync("docs/*.md", { cwd: root })].sort();

/** Backticked words that look like a path of ours: with a slash, below a top-level folder. */
function pathsIn(page: string): string[] {
  const top = /^(common|verifier|l2-node|contracts|deploy|cli|examples|test|docs|tools)\//;
  return [...read(page).matchAll(/`([\w./-]+)`/g)].map((match) => match[1] as string).filter((word) => top.test(word));
}

test.each(pages)("%s names only files and folders that exist", (page) => {
  const missing = pathsIn(page).filter(
    (path) => !existsSync(join(root, path)) && !existsSync(join(root, `${path}.ts`)),
  );
  expect(missing).toEqual([]);
});

/** Commands that have verbs. */
const NOUNS = new Set(["model", "dataset", "job", "node", "executor", "challenger", "tx"]);

/** Command lines of the docs: those in blocks, each with what follows a `\` at its end, and those between backticks. */
const commandLines = (page: string): string[] => {
  const text = read(page).replaceAll("\\\n", " ");
  return [...text.matchAll(/^\s*\.\/anh ([^#\n]+)|`\.\/anh ([^`]+)`/gm)].map(
    (match) => (match[1] ?? match[2]) as string,
  );
};

/** Which options the docs use, by command. */
function commandsIn(lines: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    const [first = "", second = ""] = words;
    if (!/^[a-z][a-z-]*$/.test(first)) continue;
    const name = NOUNS.has(first) && /^[a-z]+$/.test(second) ? `${first} ${second}` : first;
    const options = found.get(name) ?? new Set();
    for (const word of words) if (word.startsWith("--")) options.add(word);
    found.set(name, options);
  }
  return found;
}

const commands = [...commandsIn(pages.flatMap(commandLines))].map(([name, options]) => ({
  name,
  options: [...options],
}));

test("the docs name what people run", () => {
  const names = commands.map(({ name }) => name);
  for (const name of [
    "demo",
    "dev",
    "test",
    "node run",
    "executor run",
    "challenger run",
    "tx force",
    "tx withdraw",
    "job create",
  ])
    expect(names).toContain(name);
});

test.each(commands)("./anh $name takes what the docs say it does", ({ name, options }) => {
  const { status, stdout } = spawnSync(process.execPath, ["cli/main.ts", ...name.split(" "), "--help"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stdout).toContain(`anh ${name}`);
  const known = new Set(stdout.match(/--[a-z0-9-]+/g));
  expect(options.filter((option) => !known.has(option))).toEqual([]);
});

/** Numbered rules of docs/protocol.md, as `section.rule`. */
function rules(): Set<string> {
  const found = new Set<string>();
  let section = "";
  for (const line of read("docs/protocol.md").split("\n")) {
    section = /^## (\d+)\./.exec(line)?.[1] ?? section;
    const rule = /^(\d+)\. /.exec(line)?.[1];
    if (rule !== undefined) found.add(`${section}.${rule}`);
  }
  return found;
}

test("every rule that code or tests cite stands in docs/protocol.md", () => {
  const known = rules();
  const files = globSync("{common,verifier,l2-node,deploy,cli,contracts,examples,test}/**/*.{ts,sol}", { cwd: root });
  const stray = files.flatMap((file) =>
    [...read(file).matchAll(/\bP(\d+)\.(\d+)\b/g)]
      .map((match) => `${match[1]}.${match[2]}`)
      .filter((rule) => !known.has(rule))
      .map((rule) => `${file}: P${rule}`),
  );
  expect(stray).toEqual([]);
});
