import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { DeclinedError, firstUncanonical, requireCanonical } from "../../../verifier/trace/canonical.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
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
async function run(spec: SmallSpec) {
  const task = smallTask(spec);
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
