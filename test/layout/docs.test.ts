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

const commands = [
  ...new Set(
    pages.flatMap((page) =>
      [...read(page).matchAll(/^\s*\.\/anh ([a-z]+)|`\.\/anh ([a-z]+)/gm)].map(
        (match) => (match[1] ?? match[2]) as string,
      ),
    ),
  ),
];

test("the docs name commands", () => expect(commands.length).toBeGreaterThanOrEqual(4));

test.each(commands)("./anh %s exists", (command) => {
  const { status, stdout } = spawnSync(process.execPath, ["cli/main.ts", command, "--help"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stdout).toContain(`anh ${command}`);
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
