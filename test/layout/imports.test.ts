import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a room may import from besides itself (docs/architecture.md): the most specific prefix decides. */
const allowed: Record<string, readonly string[]> = {
  common: [],
  verifier: ["common"],
  "l2-node": ["common", "l2-node"],
  "l2-node/execution": ["common", "verifier", "l2-node"],
  deploy: ["common"],
  cli: ["common", "verifier", "l2-node", "deploy", "test/support"],
};

const ruleOf = (file: string): string | undefined =>
  Object.keys(allowed)
    .filter((prefix) => file.startsWith(`${prefix}/`))
    .sort((a, b) => b.length - a.length)[0];

const importsOf = (file: string): string[] => {
  const source = readFileSync(join(root, file), "utf8");
  return [...source.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map((match) =>
    relative(root, join(root, dirname(file), match[1] as string)),
  );
};

const files = globSync("{common,verifier,l2-node,deploy,cli}/**/*.ts", { cwd: root }).sort();

describe("imports go down only", () => {
  test("there are files to check", () => expect(files.length).toBeGreaterThan(20));

  test.each(files)("%s", (file) => {
    const rule = ruleOf(file) as string;
    const room = rule.split("/")[0] as string;
    for (const target of importsOf(file)) {
      const inside = rule === "l2-node" ? !target.startsWith("l2-node/execution/") : target.startsWith(`${room}/`);
      const below = (allowed[rule] as readonly string[]).some((prefix) => target.startsWith(`${prefix}/`));
      expect(target, `${file} may import ${[rule, ...(allowed[rule] as readonly string[])].join(", ")}`).toSatisfy(
        () => (rule === "l2-node" ? inside && below : inside || below),
      );
    }
  });

  test("sequencer and execution do not know each other", () => {
    for (const file of files) {
      const targets = importsOf(file);
      if (file.startsWith("l2-node/sequencer/")) expect(targets.filter((t) => t.startsWith("l2-node/execution/"))).toEqual([]);
      if (file.startsWith("l2-node/execution/")) expect(targets.filter((t) => t.startsWith("l2-node/sequencer/"))).toEqual([]);
    }
  });
});
