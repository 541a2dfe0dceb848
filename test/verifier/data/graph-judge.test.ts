import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rootOfGraphFile } from "../../../verifier/data/graph-blob.ts";
import { type GraphJudge, openGraphJudge } from "../../../verifier/data/graph-judge.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { toOnnx } from "../../../verifier/model/onnx/write.ts";

const folder = mkdtempSync(join(tmpdir(), "anh-judge-"));
const path = join(folder, "graph.onnx");
const optimizer = { kind: "momentum", learningRate: 0.05, momentum: 0.9, nesterov: false } as const;
const { train } = mlpGraphs({ sizes: [12, 4, 4], batchRows: 8, evaluateBatchRows: 10, optimizer, seed: 1 });
const file = toOnnx(train.graph);
const LIMITS = { timeoutMs: 60_000, maxHeapMb: 1024, maxWaiting: 1 };
let judge: GraphJudge;

beforeAll(() => {
  writeFileSync(path, file);
  judge = openGraphJudge(LIMITS);
});
afterAll(() => rmSync(folder, { recursive: true }));

it("gives a graph's root while this thread does other things", async () => {
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  expect(await judge(path)).toBe(rootOfGraphFile(file));
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(0);
});

it("refuses what is no graph by a typed error, and judges the next one", async () => {
  const broken = join(folder, "broken");
  writeFileSync(broken, file.subarray(1));
  await expect(judge(broken)).rejects.toMatchObject({ name: "UploadError", code: expect.any(String) });
  expect(await judge(path)).toBe(rootOfGraphFile(file));
});

it("gives up on a graph that takes too long or too much", async () => {
  const hurried = openGraphJudge({ ...LIMITS, timeoutMs: 1 });
  await expect(hurried(path)).rejects.toMatchObject({ code: "graph-too-costly" });
});

it("lets few wait", async () => {
  const answers = await Promise.allSettled([judge(path), judge(path), judge(path)]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  expect(answers[2]).toMatchObject({ reason: { code: "uploads-busy" } });
});
