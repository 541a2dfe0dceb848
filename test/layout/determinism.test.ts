import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const judged = globSync("{common,verifier,l2-node}/**/*.ts", { cwd: root }).sort();

// ECMAScript leaves these to the engine ("implementation-approximated"): two nodes could disagree.
const engineDefined =
  /\bMath\.(exp|expm1|log|log2|log10|log1p|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|cbrt|hypot)\b/g;

test("no engine-defined Math function where results are hashed or judged", () => {
  expect(judged.length).toBeGreaterThan(20);
  const hits = judged.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(engineDefined)].map((match) => `${file}: ${match[0]}`),
  );
  expect(hits).toEqual([]);
});

test("the pattern finds what it is for", () => {
  expect("y = Math.exp(x) + Math.tanh(x)".match(engineDefined)).toEqual(["Math.exp", "Math.tanh"]);
  expect("Math.fround(Math.sqrt(x))".match(engineDefined)).toBeNull();
});
