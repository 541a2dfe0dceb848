// Graphs whose state starts by rules, and the jobs that have them drawn (P4.7).
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { INIT } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG, type Job, PROFILE } from "../../../common/job.ts";
import { treeRoot } from "../../../common/merkle.ts";
import { commissionTask, evaluateTask, inferTask, isSeedless, startsDrawn, trainTask } from "../../../common/task.ts";
import { assembleInputs } from "../../../verifier/claims/assemble.ts";
import { openLibrary } from "../../../verifier/data/library.ts";
import { GraphError } from "../../../verifier/graph/errors.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { decodeGraph, ruleOf } from "../../../verifier/model/decoding.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { buildJob } from "../../../verifier/model/job.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { readGraph } from "../../../verifier/model/onnx/read.ts";
import { START_KEY, toOnnx } from "../../../verifier/model/onnx/write.ts";
import { redrawn } from "../../../verifier/model/start.ts";
import { bitsOf, fromBits } from "../../../verifier/numerics/float32.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, float32, fromBytes } from "../../../verifier/tensor/tensor.ts";
import { drawnTensor } from "../../../verifier/trace/start.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { smallTask } from "../../support/small-task.ts";

const SEED = `0x${"5e".repeat(32)}` as const;
const adam = { kind: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const mlp = (drawn: boolean) =>
  mlpGraphs({ sizes: [12, 8, 4], batchRows: 8, evaluateBatchRows: 10, optimizer: adam, seed: 1, drawn });
const networks = {
  perceptron: mlp(true),
  convolutions: cnnGraphs({ ...smallCnn(), drawn: true }),
  transformer: gptGraphs({ ...smallGpt(), drawn: true }),
};

describe.each(Object.entries(networks))("a %s that is drawn", (_, { train, infer }) => {
  it("starts by rules throughout, as wide as its fan-in asks for; moments at 0, powers and scales at 1", async () => {
    for (const [i, { rule }] of train.graph.stateInputs.entries()) {
      expect(rule, train.state[i]!.name).toBeDefined();
      const { start } = train.state[i]!;
      const scale = fromBits(rule!.scaleBits);
      if (rule!.init === INIT.fill) expect(start.data.every((x) => Number(x) === scale)).toBe(true);
      else {
        const drawn = await drawnTensor(start, rule!, SEED, i);
        const squares = Array.from(drawn.data as Float32Array, (x) => x * x);
        const meanSquare = squares.reduce((sum, x) => sum + x, 0) / squares.length;
        expect(Math.sqrt(Math.max(...squares))).toBeLessThan(scale);
        if (drawn.data.length > 50) expect(meanSquare / (scale * scale)).toBeCloseTo(1 / 3, 0);
      }
    }
    // What uses a model says nothing of where it started.
    expect(infer.stateInputs.every(({ rule }) => rule === undefined)).toBe(true);
  });
  it("comes back out of its file and of its leaves, rules and all", () => {
    const { graph } = train;
    const file = toOnnx(graph);
    expect(readGraph(file).stateInputs).toEqual(graph.stateInputs);
    const constants = graph.constants.map(({ value, bytes }) => fromBytes(graph.values[value]!, bytes));
    const decoded = decodeGraph(encodeGraph(graph), constants);
    expect(decoded.stateInputs.map(({ rule }) => rule)).toEqual(graph.stateInputs.map(({ rule }) => rule));
  });
});

it("without a rule a file says nothing of starts", () => {
  expect(Buffer.from(toOnnx(mlp(false).train.graph)).includes(START_KEY)).toBe(false);
  expect(Buffer.from(toOnnx(mlp(true).train.graph)).includes(START_KEY)).toBe(true);
});

it("a rule that nobody knows is no graph", () => {
  expect(ruleOf({ init: 0, scaleBits: 0 })).toBeUndefined();
  for (const [init, scaleBits] of [
    [4, 0],
    [0, 1],
    [255, 0],
  ] as const)
    expect(() => ruleOf({ init, scaleBits })).toThrow(GraphError);
});

describe("a job", () => {
  const { dataset } = smallTask();
  const built = (graphs: ReturnType<typeof mlp>, flags: readonly ("sequentialRows" | "soft")[] = []) =>
    buildJob({
      l2ChainId: 42n,
      requester: "0x00000000000000000000000000000000000000aa",
      salt: SEED,
      graphs,
      dataset,
      steps: 4,
      profile: "strict",
      flags,
      priceWeiPerGflop: 1n,
      deadline: 10n,
      windowSeconds: 60,
    });
  /** The first bias is the user's own. */
  const mixed = (() => {
    const graphs = mlp(true);
    const state = graphs.train.state.map((spec, i) => (i === 1 ? { name: spec.name, start: spec.start } : spec));
    const stateInputs = graphs.train.graph.stateInputs.map((input, i) =>
      i === 1 ? { value: input.value, source: input.source } : input,
    );
    return { ...graphs, train: { state, graph: { ...graphs.train.graph, stateInputs } } };
  })();

  it("of rules alone uploads no start, and its start root is that of nothing", () => {
    const { job, uploads } = built(mlp(true));
    expect(job.flags & JOB_FLAG.drawnStart).toBe(JOB_FLAG.drawnStart);
    expect(job.startRoot).toBe(treeRoot(mlp(true).train.state.map(() => ZERO_HASH)));
    expect(uploads.map(({ kind }) => kind).filter((kind) => kind !== "graph")).toEqual(["job"]);
    expect(built(mlp(false)).job.flags & JOB_FLAG.drawnStart).toBe(0);
  });

  it("of both uploads what has no rule, and the list of it", () => {
    const { job, uploads } = built(mixed);
    const own = tensorRoot(bytesOf(mixed.train.state[1]!.start));
    expect(job.startRoot).toBe(treeRoot(mixed.train.state.map((_, i) => (i === 1 ? own : ZERO_HASH))));
    expect(uploads.filter(({ kind }) => kind === "tensor").map(({ root }) => root)).toEqual([own]);
    expect(uploads.at(-1)).toMatchObject({ kind: "roots", root: job.startRoot });
  });

  it("needs a seed even where its rows are in order; what uses its model, and what it is measured by, draws nothing", () => {
    const flags = JOB_FLAG.sequentialRows | JOB_FLAG.drawnStart;
    const job: Job = { ...built(mlp(true)).job, datasetRows: 1_000n, flags };
    expect([startsDrawn(trainTask(job)), isSeedless(trainTask(job))]).toEqual([true, false]);
    expect(isSeedless(trainTask({ ...job, flags: JOB_FLAG.sequentialRows }))).toBe(true);
    for (const task of [inferTask(job, ZERO_HASH), evaluateTask(job, ZERO_HASH, 10)])
      expect([startsDrawn(task), isSeedless(task)]).toEqual([false, true]);
    const property = { ...job.property, samples: 10, minCorrect: 1, heldOutRows: 10n };
    const commission = { ...job, flags: JOB_FLAG.drawnStart, profile: PROFILE.property, property };
    expect(startsDrawn(commissionTask(commission, ZERO_HASH))).toBe(false);
  });

  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "anh-drawn-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ["rules alone", mlp(true)],
    ["both", mixed],
  ])("of %s starts as seed and uploads say, and as another seed says elsewhere", async (name, graphs) => {
    const store = openBlobStore(join(folder, name));
    const { job, uploads } = built(graphs);
    for (const { root, bytes } of uploads) await store.put(root, bytes);
    for (const tensor of dataset.tensors) await store.put(tensorRoot(bytesOf(tensor)), bytesOf(tensor));
    const roots = dataset.tensors.map((tensor) => tensorRoot(bytesOf(tensor)));
    await store.put(treeRoot(roots), Buffer.concat(roots.map((root) => Buffer.from(root.slice(2), "hex"))));
    const library = openLibrary(store, {} as never); // nobody is asked
    const starts = await Promise.all(
      [SEED, `0x${"5f".repeat(32)}` as const].map(
        async (seed) => (await assembleInputs(trainTask(job), seed, undefined, library)).start,
      ),
    );
    for (const [i, { rule }] of graphs.train.graph.stateInputs.entries()) {
      const expected =
        rule === undefined ? graphs.train.state[i]!.start : await drawnTensor(starts[0]![i]!, rule, SEED, i);
      expect(bytesOf(starts[0]![i]!)).toEqual(bytesOf(expected));
      const isDrawn = rule !== undefined && rule.init !== INIT.fill;
      expect(Buffer.compare(bytesOf(starts[0]![i]!), bytesOf(starts[1]![i]!)) !== 0).toBe(isDrawn);
    }
  });
});

describe("a file's weights drawn anew", () => {
  it("are matrices, as far apart as they are", () => {
    const start = float32([2, 2], [3, -1, 1, -3]);
    expect(redrawn({ name: "w", start }).rule).toEqual({ init: INIT.normal, scaleBits: bitsOf(Math.sqrt(5)) });
  });
  it.each([
    ["a bias", float32([3], [1, 2, 3])],
    ["one number throughout", float32([2, 2], [1, 1, 1, 1])],
    ["nothing", float32([0, 3], [])],
    ["whole numbers", { dtype: "int64" as const, shape: [1, 2], data: BigInt64Array.of(1n, 2n) }],
  ])("not %s", (_, start) => {
    expect(redrawn({ name: "w", start })).toEqual({ name: "w", start });
  });
});
