import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const page = read("docs/attacks.md");

const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| attack |"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, attack = "", rule = "", tests = "", end]) => ({ attack, rule, tests, end }));

/** `file` "words of a title", in the order of the page. */
const named = [...page.matchAll(/`(test\/[\w./-]+)`(?: "([^"]+)")?/g)]
  .map(([, file = "", words]) => ({ file, words }))
  .filter(({ file }) => file !== "test/layout/attacks.test.ts");

/** The lines of a test file that can hold a title. */
function titles(file: string): string {
  const lines = read(file).split("\n");
  const isTitle = file.endsWith(".sol") ? /^\s*function (test|invariant)/ : /["`]/;
  return lines.filter((line) => isTitle.test(line)).join("\n");
}

describe("docs/attacks.md", () => {
  test("has its tables", () => expect(rows.length).toBeGreaterThan(90));

  test.each(rows)("$attack", ({ rule, tests, end }) => {
    expect(end).toBe("");
    expect(rule).toMatch(/^(P\d+(\.\d+)?(, P\d+\.\d+)*|—)$/);
    expect(tests).toMatch(/^(`test\/|no test yet|does not apply)/);
  });

  test("names only tests that exist, by their titles", () => {
    expect(named.length).toBeGreaterThan(150);
    const missing = named.filter(
      ({ file, words }) => words === undefined || !existsSync(join(root, file)) || !titles(file).includes(words),
    );
    expect(missing).toEqual([]);
  });

  test("cites only rules that stand in docs/protocol.md", () => {
    const protocol = read("docs/protocol.md").split(/^## /m);
    const stray = [...page.matchAll(/\bP(\d+)(?:\.(\d+))?\b/g)].filter(([, section, rule]) => {
      const body = protocol.find((text) => text.startsWith(`${section}. `));
      return body === undefined || (rule !== undefined && !new RegExp(`^${rule}\\. `, "m").test(body));
    });
    expect(stray.map(([citation]) => citation)).toEqual([]);
  });
});
