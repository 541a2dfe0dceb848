// Nobody honest is slashed and no lie passes: elements of onnxruntime's own results, of all kinds of data, op by op.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openJudge } from "../../contracts/leaf/judge-claims.ts";
import { CONTRACT_ELEMENTS, countElements, FULL } from "./count-elements.ts";
import { COUNTS_PAGE, figuresOf, judgedOps } from "./counts-page.ts";

const QUICK = { elements: 1, perRun: 6, largest: 6000, lieEvery: 1 };

describe.each(judgedOps)("%s", (op) => {
  test("honest elements and what else is allowed stand, lies and what is not allowed fall", async () => {
    const { counts, wrong } = await countElements(op, QUICK);
    expect(wrong).toEqual([]);
    expect(counts.honest[1]).toBeGreaterThan(20);
    expect(counts.honest[2]).toBeGreaterThan(20);
    expect(counts.tolerantLies).toBeGreaterThan(40);
    expect(counts.gpu.allowed).toBeGreaterThan(40);
  });

  test("docs/op-counts.md counts a million honest elements, of the gpu column too, and a thousand by the contract", () => {
    const row = readFileSync(COUNTS_PAGE, "utf8")
      .split("\n")
      .find((line) => line.startsWith(`| ${op} |`));
    const figures = row
      ?.split("|")
      .slice(3, -1)
      .map((cell) => Number(cell.replaceAll(",", "").replace("—", "0")));
    const [one, two, , , , , contract, , gpu] = figures!;
    expect(one! + two!).toBeGreaterThanOrEqual(FULL.elements);
    expect(contract).toBeGreaterThanOrEqual(CONTRACT_ELEMENTS);
    expect(gpu).toBeGreaterThanOrEqual(FULL.elements);
  });
});

describe.runIf(process.env.ANH_LONG === "1")("a million of each, and a thousand by the contract too", () => {
  let judge: Awaited<ReturnType<typeof openJudge>>;
  beforeAll(async () => {
    judge = await openJudge();
  });
  afterAll(() => judge?.close());

  test.each(judgedOps)("%s", async (op) => {
    const contract = { judge: judge.judge, elements: CONTRACT_ELEMENTS };
    const { counts, wrong } = await countElements(op, { ...FULL, contract });
    expect(wrong).toEqual([]);
    const [one, two, , , , , asked] = figuresOf(counts);
    expect(counts.gpu.allowed).toBeGreaterThanOrEqual(FULL.elements);
    expect(one! + two!).toBeGreaterThanOrEqual(FULL.elements);
    expect(asked).toBeGreaterThanOrEqual(CONTRACT_ELEMENTS);
  });
});
