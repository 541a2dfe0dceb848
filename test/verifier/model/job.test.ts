import { bytesToHex } from "viem";
import { expect, test } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { BadJobError, decodeJob, JOB_FLAG, trainId } from "../../../common/job.ts";
import { buildJob, type JobSpec } from "../../../verifier/model/job.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";

const ROWS = 8;
const dataset = datasetOf([
  { dtype: "uint8", shape: [ROWS, 2], data: new Uint8Array(2 * ROWS) },
  { dtype: "uint8", shape: [ROWS], data: new Uint8Array(ROWS) },
]);
const graphs = (batchRows: number) =>
  mlpGraphs({
    sizes: [2, 4, 2],
    seed: 1,
    batchRows,
    evaluateBatchRows: 2,
    optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
  });
const spec: JobSpec = {
  l2ChainId: 7n,
  requester: "0x00000000000000000000000000000000000000aa",
  salt: `0x${"11".repeat(32)}`,
  graphs: graphs(4),
  dataset,
  steps: 3,
  profile: "strict",
  flags: [],
  priceWeiPerGflop: 1n,
  deadline: 100n,
  windowSeconds: 60,
};

test.each<[string, Partial<JobSpec>, RegExp]>([
  ["no step", { steps: 0 }, /steps/],
  ["a batch of more rows than there are", { graphs: graphs(ROWS + 1) }, /batchRows/],
  ["tolerant without step roots", { profile: "tolerant" }, /stepRoots/],
  ["sequential rows beyond the dataset's end", { flags: ["sequentialRows"] }, /sequentialRows/],
  ["a window without end", { windowSeconds: 2 ** 31 }, /windowSeconds/],
  ["a window below the chain's shortest", { windowSeconds: 59, minWindowSeconds: 60 }, /windowSeconds/],
  ["a flag that is none", { flags: ["Soft" as "soft"] }, /flags is Soft/],
])("what L1 would refuse is refused here by its name: %s", (_, change, message) => {
  expect(() => buildJob({ ...spec, ...change })).toThrow(BadJobError);
  expect(() => buildJob({ ...spec, ...change })).toThrow(message);
});

test("the chain's shortest window is long enough", () => {
  expect(buildJob({ ...spec, windowSeconds: 60, minWindowSeconds: 60 }).job.windowSeconds).toBe(60);
});

test("segments are as short as a third of the time for answers asks for, but for a step at least", () => {
  const wide = mlpGraphs({
    sizes: [2, 100_000, 2],
    seed: 1,
    batchRows: 4,
    evaluateBatchRows: 2,
    optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
  });
  const segmentSteps = (changes: Partial<JobSpec>) => buildJob({ ...spec, steps: 100, ...changes }).job.segmentSteps;
  const { flops, bytes_ } = buildJob({ ...spec, graphs: wide }).job.trainGraph;
  const stepMs = Number(bytes_) / 250_000 + Number(flops) / 20_000_000;
  expect(stepMs).toBeGreaterThan(50);
  expect(segmentSteps({})).toBe(64);
  expect(segmentSteps({ graphs: wide, answerSeconds: 3 })).toBe(Math.floor(1000 / Math.floor(stepMs)));
  expect(segmentSteps({ graphs: wide, answerSeconds: 86_400 })).toBe(64);
  expect(segmentSteps({ graphs: wide, answerSeconds: 0 })).toBe(1);
});

test("a batch of exactly the dataset's rows is a job", () => {
  expect(buildJob({ ...spec, graphs: graphs(ROWS) }).job.batchRows).toBe(ROWS);
});

test("sizes follow from graphs and data, and every root but the dataset's is among the uploads", () => {
  const { job, modelId, uploads } = buildJob({ ...spec, flags: ["soft", "stepRoots"] });
  const parameters = 2 * 4 + 4 + 4 * 2 + 2;
  expect(job).toMatchObject({
    datasetRows: BigInt(ROWS),
    datasetBytes: BigInt(3 * ROWS),
    stateBytes: BigInt(2 * 4 * parameters),
    batchRows: 4,
    evaluateBatchRows: 2,
    flags: JOB_FLAG.soft + JOB_FLAG.stepRoots,
  });
  expect(modelId).toBe(trainId(job));
  const roots = uploads.map(({ root }) => root);
  for (const { root } of [job.trainGraph, job.inferGraph, job.evaluateGraph]) expect(roots).toContain(root);
  expect(roots).toContain(job.startRoot);
  const own = uploads.find(({ kind }) => kind === "job")!;
  expect([own.root, trainId(decodeJob(bytesToHex(own.bytes)))]).toEqual([modelId, modelId]);
  expect(roots).not.toContain(job.datasetRoot);
});

test("without an evaluation its graph is absent, and nothing of it is uploaded", () => {
  const { job, uploads } = buildJob({ ...spec, graphs: { ...spec.graphs, evaluate: null } });
  expect(job).toMatchObject({ evaluateGraph: { root: ZERO_HASH, flops: 0n, bytes_: 0n }, evaluateBatchRows: 0 });
  expect(uploads.filter(({ kind }) => kind === "graph")).toHaveLength(2);
});
