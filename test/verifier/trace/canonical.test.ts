import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchInput, constant, type Draft, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { ValueId } from "../../../verifier/graph/graph.ts";
import { encodeGraph } from "../../../verifier/model/encoding.ts";
import { graphRef } from "../../../verifier/model/root.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { DeclinedError, firstUncanonical, requireCanonical } from "../../../verifier/trace/canonical.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import type { TaskInputs } from "../../../verifier/trace/inputs.ts";
import { runTask } from "../../../verifier/trace/run.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { type SmallSpec, smallTask } from "../../support/small-task.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-canonical-"));
});
afterAll(() => rm(folder, { recursive: true }));

let runs = 0;
const run = (spec: SmallSpec) => runInputs(smallTask(spec));
async function runInputs(task: TaskInputs) {
  const session = await onnxRuntime({ threads: 1 }).open(task.graph);
  const gatherer = openGatherer(task.dataset);
  const at = join(folder, `${runs++}`);
  try {
    const modules = { steps: stepsOf(session), gatherer, store: openBlobStore(at), checkpoints: openCheckpoints(at) };
    return await runTask(task, modules);
  } finally {
    await Promise.all([session.close(), gatherer.close()]);
  }
}
const overflowing = { kind: "momentum", learningRate: 1e30, momentum: 0.9 } as const;
const floats = (...data: number[]): Tensor => ({
  dtype: "float32",
  shape: [data.length],
  data: Float32Array.from(data),
});

describe("a run that overflows", () => {
  it("is declined at the step that does, where steps are looked at", async () => {
    const error = await run({ optimizer: overflowing, stepRoots: true }).catch((caught) => caught);
    expect(error).toBeInstanceOf(DeclinedError);
    expect(error.at).toMatchObject({ segment: 1, step: 7, value: expect.stringContaining("gemm") });
  });

  it("is declined at the segment that ends in it, where they are not", async () => {
    const error = await run({ optimizer: overflowing, segmentSteps: 2 }).catch((caught) => caught);
    expect(error).toBeInstanceOf(DeclinedError);
    expect(error.at.step).toBeUndefined();
  });

  it.each([{ stepRoots: true }, {}])("is not what an honest training is: %o", async (spec) => {
    expect((await run(spec)).segments).toHaveLength(3);
  });
});

/** A training whose graph a stranger made: each step ends in `next`, of the usual batches. */
function strangers(next: (draft: Draft, w: ValueId) => ValueId): TaskInputs {
  const usual = smallTask();
  const draft = newDraft();
  const start = [floats(1, 2, 3, 4)];
  const w = stateInput(draft, "w", start[0]!);
  for (const [i, { dtype, shape }] of usual.dataset.tensors.entries())
    batchInput(draft, `x${i}`, { dtype, shape: [usual.task.batchRows, ...shape.slice(1)] });
  const graph = finish(draft, { kind: "train", stateOutputs: [next(draft, w)] });
  return { ...usual, task: { ...usual.task, graph: graphRef(encodeGraph(graph)) }, graph, start };
}

describe("a run in whose steps an infinity arises and vanishes", () => {
  const scaled = (factor: number) =>
    strangers((draft, w) => {
      const scale = constant(draft, floats(factor, factor, factor, factor));
      const scaled = emit(draft, "Mul", [emit(draft, "Mul", [w, scale]), scale], {}, "scaled");
      return emit(draft, "Add", [w, emit(draft, "Div", [constant(draft, floats(1, 1, 1, 1)), scaled])]);
    });

  it("is declined at that step, though neither its state nor a loss shows it", async () => {
    const error = await runInputs(scaled(1e30)).catch((caught) => caught);
    expect(error).toBeInstanceOf(DeclinedError);
    expect(error.at).toEqual({ segment: 0, step: 0, value: "scaled" });
  });

  it("is not what the same steps are with smaller numbers", async () => {
    expect((await runInputs(scaled(1e10))).segments).toHaveLength(3);
  });

  it("is not what large numbers are whose sum alone overflows", async () => {
    const large = strangers((draft, w) => {
      const big = constant(draft, floats(8e37, 8e37, 8e37, 8e37));
      return emit(draft, "Add", [w, emit(draft, "Div", [w, emit(draft, "Add", [w, big])])]);
    });
    expect((await runInputs({ ...large, start: [floats(2e38, 2e38, 2e38, 2e38)] })).segments).toHaveLength(3);
  });
});

describe("what no claim may hold", () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("is %d, by its index", (bad) => {
    expect(firstUncanonical(floats(0, -0, bad, 1))).toBe(2);
  });

  it("is a bool beyond 1, yet no byte of pixels", () => {
    const data = Uint8Array.of(0, 1, 2);
    expect(firstUncanonical({ dtype: "bool", shape: [3], data })).toBe(2);
    expect(firstUncanonical({ dtype: "uint8", shape: [3], data })).toBeUndefined();
  });

  it("is no finite number, the largest and a denormal among them", () => {
    expect(firstUncanonical(floats(3.4028234663852886e38, 2 ** -149, -0))).toBeUndefined();
  });

  it("declines a dataset and a start state that hold it", () => {
    const fine = floats(1, 2);
    const bad = floats(1, Number.NaN);
    expect(() => requireCanonical({ dataset: { tensors: [fine, bad] }, start: [fine] })).toThrow(
      "tensor 1 of the dataset",
    );
    expect(() => requireCanonical({ dataset: { tensors: [fine] }, start: [bad] })).toThrow(
      "tensor 0 of the start state",
    );
    expect(() => requireCanonical({ dataset: { tensors: [fine] }, start: [fine] })).not.toThrow();
  });
});
