import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JOB_FLAG } from "../../../common/job.ts";
import { inferTask } from "../../../common/task.ts";
import { batchInput, constant, type Draft, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { ValueId } from "../../../verifier/graph/graph.ts";
import { cast, mul, reshape, where } from "../../../verifier/ops/build.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, float32, type Tensor, zeros } from "../../../verifier/tensor/tensor.ts";
import { DeclinedError } from "../../../verifier/trace/canonical.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import { requireRows } from "../../../verifier/trace/indices.ts";
import type { TaskInputs } from "../../../verifier/trace/inputs.ts";
import { runTask } from "../../../verifier/trace/run.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { smallTask } from "../../support/small-task.ts";

const ROWS = 20;
type Index = (draft: Draft, ids: ValueId) => ValueId;
const asIs: Index = (draft, ids) => cast(draft, ids, "int64");
/** The same number, of which nobody knows that it is. */
const throughFloats: Index = (draft, ids) =>
  cast(draft, mul(draft, cast(draft, ids, "float32"), constant(draft, float32([1], [1]))), "int64");
const notNegative: Index = (draft, ids) => {
  const zero = constant(draft, int64([1], 0));
  return where(draft, emit(draft, "Less", [asIs(draft, ids), zero]), zero, asIs(draft, ids));
};

const int64 = (shape: readonly number[], ...ids: number[]): Tensor => ({
  dtype: "int64",
  shape,
  data: BigInt64Array.from(ids, BigInt),
});
const uint8 = (...ids: number[]): Tensor => ({ dtype: "uint8", shape: [ids.length], data: Uint8Array.from(ids) });
const table = zeros({ dtype: "float32", shape: [ROWS, 2] });

/** Looks up one row of a table per element of its input. */
function inference(input: Tensor, index: Index): TaskInputs {
  const draft = newDraft();
  const w = stateInput(draft, "table", table);
  const ids = batchInput(draft, "ids", input);
  const graph = finish(draft, {
    kind: "infer",
    stateOutputs: [emit(draft, "Gather", [w, index(draft, ids)], { axis: 0 })],
  });
  const task = inferTask(smallTask().job, tensorRoot(bytesOf(input)));
  return { task, seed: `0x${"00".repeat(32)}`, graph, dataset: datasetOf([input]), start: [table] };
}

/** Steps of two rows each that add to the table the rows it was asked for. */
function training(dataset: Tensor, index: Index, flags = 0): TaskInputs {
  const draft = newDraft();
  const w = stateInput(draft, "table", table);
  const ids = batchInput(draft, "ids", { dtype: dataset.dtype, shape: [2] });
  const rows = emit(draft, "Gather", [w, index(draft, ids)], { axis: 0 });
  const first = emit(draft, "Slice", [rows], { starts: [0, 0], ends: [1, 2], steps: [1, 1] });
  const graph = finish(draft, { kind: "train", stateOutputs: [emit(draft, "Add", [w, reshape(draft, first, [2])])] });
  const steps = dataset.shape[0]! / 2;
  const usual = smallTask({ flags: flags | JOB_FLAG.sequentialRows, rows: 80, steps, segmentSteps: 1 });
  const task = { ...usual.task, batchRows: 2, datasetRows: BigInt(dataset.shape[0]!) };
  return { ...usual, task, graph, dataset: datasetOf([dataset]), start: [table] };
}

/** Looks up the row that a counter in its state names, or the last one if that is less (or greater). */
function scheduled(begin: number, by: number, chosen: "lesser" | "greater" = "lesser"): TaskInputs {
  const draft = newDraft();
  const step = stateInput(draft, "step", float32([1], [begin]));
  batchInput(draft, "ids", { dtype: "uint8", shape: [2] });
  const last = constant(draft, float32([1], [ROWS - 1]));
  const either = chosen === "lesser" ? [step, last] : [last, step];
  const index = cast(draft, where(draft, emit(draft, "Less", [step, last]), either[0]!, either[1]!), "int64");
  const row = emit(draft, "Gather", [constant(draft, table), index], { axis: 0 });
  const loss = emit(draft, "Slice", [row], { starts: [0, 0], ends: [1, 1], steps: [1, 1] });
  const next = emit(draft, "Add", [step, constant(draft, float32([1], [by]))]);
  const graph = finish(draft, { kind: "train", stateOutputs: [next], loss: reshape(draft, loss, []) });
  const usual = smallTask();
  return { ...usual, graph, dataset: datasetOf([uint8(0, 1, 2, 3)]), start: [float32([1], [begin])] };
}

let folder: string;
let runs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-indices-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(inputs: TaskInputs) {
  const session = await onnxRuntime({ threads: 1 }).open(inputs.graph);
  const gatherer = openGatherer(inputs.dataset);
  const at = join(folder, `${runs++}`);
  try {
    const modules = { steps: stepsOf(session), gatherer, store: openBlobStore(at), checkpoints: openCheckpoints(at) };
    return await runTask(inputs, modules);
  } finally {
    await Promise.all([session.close(), gatherer.close()]);
  }
}

describe("an inference that looks up rows", () => {
  it.each([-1, ROWS, 2 ** 40])("is declined before it is run where its input names row %d", (row) => {
    expect(() => requireRows(inference(int64([1, 3], 0, row, 1), asIs))).toThrow(DeclinedError);
  });

  it("is taken with the first row and the last", () => {
    expect(() => requireRows(inference(int64([1, 2], 0, ROWS - 1), asIs))).not.toThrow();
  });

  it("is taken where its graph replaces what is no row", () => {
    expect(() => requireRows(inference(int64([1, 2], -100, 3), notNegative))).not.toThrow();
  });

  it("is declined once it has run where the row came out of floats and the runtime counted it from the end", async () => {
    const inputs = inference(int64([1, 2], 3, -1), throughFloats);
    expect(() => requireRows(inputs)).not.toThrow();
    await expect(run(inputs)).rejects.toThrow(DeclinedError);
    expect((await run(inference(int64([1, 2], 3, 1), throughFloats))).segments).toHaveLength(1);
  });
});

describe("a training that looks up rows", () => {
  it("is declined where any row of its dataset names one that is not there", () => {
    expect(() => requireRows(training(uint8(0, 1, ROWS - 1, ROWS), asIs))).toThrow(DeclinedError);
    expect(() => requireRows(training(int64([4], 0, 1, -1, 3), asIs))).toThrow(DeclinedError);
    expect(() => requireRows(training(uint8(0, 1, ROWS - 1, 3), asIs))).not.toThrow();
  });

  it("is declined where its rows come out of floats, but for step roots", () => {
    const fine = uint8(0, 1, 2, 3);
    expect(() => requireRows(training(fine, throughFloats))).toThrow(DeclinedError);
    expect(() => requireRows(training(fine, throughFloats, JOB_FLAG.stepRoots))).not.toThrow();
  });

  it.each([
    ["a schedule's step is counted up to the last factor", 0, 1, true],
    ["one that begins below the first row is declined", -1, 1, false],
    ["one that counts down is declined", 0, -1, false],
    ["one that stands still is taken", 3, 0, true],
  ])("%s", (_, begin, by, taken) => {
    const requiring = expect(() => requireRows(scheduled(begin, by)));
    if (taken) requiring.not.toThrow();
    else requiring.toThrow(DeclinedError);
  });

  it("is declined where the greater of step and last row is looked up", () => {
    expect(() => requireRows(scheduled(0, 1, "greater"))).toThrow(DeclinedError);
  });

  it("with a learning rate that follows a schedule is taken as it is built", () => {
    const schedule = { kind: "cosine", warmupSteps: 2, totalSteps: 8, floor: 0.1 } as const;
    const inputs = smallTask({ optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9, schedule } });
    expect(inputs.graph.nodes.some(({ op }) => op === "Gather")).toBe(true);
    expect(() => requireRows(inputs)).not.toThrow();
  });

  it("is declined with step roots at the step that looks up what is not there", async () => {
    const error = await run(training(int64([4], 0, 1, -1, 3), asIs, JOB_FLAG.stepRoots)).catch((caught) => caught);
    expect(error).toBeInstanceOf(DeclinedError);
    expect(error.at).toMatchObject({ step: 1, value: expect.stringContaining("ids") });
  });
});
