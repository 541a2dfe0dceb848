import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What each room may import from (docs/architecture.md): the most specific prefix of a file's path decides. */
const allowed: Record<string, readonly string[]> = {
  "common/": ["common/"],
  "verifier/": ["common/", "verifier/"],
  "l2-node/": ["common/", "l2-node/"],
  // What L1's endpoints say is held together in one way by all.
  "l2-node/node.ts": ["common/", "verifier/l1/", "l2-node/"],
  "l2-node/l1/": ["common/", "verifier/l1/", "l2-node/"],
  "l2-node/execution/": ["common/", "verifier/", "l2-node/"],
  "l2-node/main.ts": ["common/", "verifier/", "l2-node/"],
  "deploy/": ["common/", "deploy/"],
  "cli/": ["common/", "verifier/", "l2-node/", "deploy/", "cli/", "examples/", "test/support/"],
  // What a requester may use: no part of the command or of a node.
  "examples/": ["common/", "verifier/", "deploy/", "examples/"],
};

/** Rooms that must not know what a transaction computes: sealing does not depend on executing. */
const blind = ["sequencer", "chain", "ledger", "store", "l1"].map((room) => `l2-node/${room}/`);

const ruleOf = (file: string): string =>
  Object.keys(allowed)
    .filter((prefix) => file.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0] as string;

const importsOf = (file: string): string[] => {
  const source = readFileSync(join(root, file), "utf8");
  return [...source.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map((match) =>
    relative(root, join(root, dirname(file), match[1] as string)),
  );
};

const files = globSync("{common,verifier,l2-node,deploy,cli,examples}/**/*.ts", { cwd: root }).sort();

describe("imports go down only", () => {
  test("there are files to check", () => expect(files.length).toBeGreaterThan(20));

  test.each(files)("%s", (file) => {
    const rooms = allowed[ruleOf(file)] as readonly string[];
    const strays = importsOf(file).filter((target) => !rooms.some((room) => target.startsWith(room)));
    expect(strays, `${file} may import from ${rooms.join(", ")}`).toEqual([]);
  });

  const from = (rooms: readonly string[], targets: readonly string[]) =>
    files
      .filter((file) => rooms.some((room) => file.startsWith(room)))
      .flatMap((file) => importsOf(file).filter((target) => targets.some((room) => target.startsWith(room))));

  test("sequencing and execution do not know each other", () => {
    expect(from(blind, ["l2-node/execution/"])).toEqual([]);
    expect(from(["l2-node/execution/"], ["l2-node/sequencer/"])).toEqual([]);
  });

  test("witness and check stand below claims, claims below dispute", () => {
    const floors = ["verifier/witness/", "verifier/check/", "verifier/claims/", "verifier/dispute/"];
    for (const [i, room] of floors.entries()) {
      const above = i === 0 ? floors.slice(2) : floors.slice(i + 1);
      expect(from([room], above), room).toEqual([]);
    }
  });
});
