// Ethereum's published JSON-RPC tests (test/vectors/rpc-compat) against our server, on a chain of the same transactions.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CompatCase, compatCases } from "./cases.ts";
import { type Difference, differences } from "./compare.ts";
import { type Rule, rules } from "./differences.ts";
import { startCompat } from "./rig.ts";

const folder = new URL("../../../vectors/rpc-compat", import.meta.url).pathname;
const cases = compatCases(folder);
const used = new Set<Rule>();
let rig: Awaited<ReturnType<typeof startCompat>>;

beforeAll(async () => {
  rig = await startCompat(folder);
});
afterAll(async () => {
  expect(rig.faults).toEqual([]);
  await rig.stop();
});

type Answer = { error?: { code?: number; message?: string; data?: unknown } };

/** Codes and revert data are compared; words are each client's own, and so is data the published error lacks. */
function withoutWords(answer: Answer, published: Answer): Answer {
  if (!answer.error) return answer;
  const { code, data } = answer.error;
  return { ...answer, error: { code: code!, ...(published.error?.data === undefined ? {} : { data }) } };
}

async function run({ formOnly, steps }: CompatCase): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const { request, answer } of steps) {
    const published = JSON.parse(rig.translate(answer)) as Answer;
    const actual = (await rig.ask(rig.translate(request))) as Answer;
    found.push(...differences(withoutWords(published, published), withoutWords(actual, published)));
  }
  return formOnly ? found.filter(({ kind }) => kind === "form") : found;
}

const ruleFor = (name: string, { path, kind }: Difference): Rule | undefined =>
  rules.find((rule) => rule.test.test(name) && rule.path.test(path) && (rule.kind ?? kind) === kind);

describe("published case", () => {
  it.each(cases)("$name", async (one) => {
    const found = await run(one);
    const unexplained: Difference[] = [];
    for (const difference of found) {
      const rule = ruleFor(one.name, difference);
      if (rule) used.add(rule);
      else unexplained.push(difference);
    }
    expect(unexplained).toEqual([]);
  });

  it("are there, all of them", () => {
    expect(cases.length).toBe(232);
    expect(cases.flatMap(({ steps }) => steps).length).toBe(236);
  });
});

describe("rules for differences", () => {
  it.each(rules)("$test $path is still needed", (rule) => {
    expect(used.has(rule)).toBe(true);
  });
});
