// A transformer is asked about a token that its vocabulary does not have. No runtime computes that, so whoever claims a result
// made it up.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isolate } from "../../../verifier/check/isolate.ts";
import { checkSegment } from "../../../verifier/check/segment.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { binary32 } from "../../../verifier/ops/arithmetic.ts";
import { RuntimeError } from "../../../verifier/runtime/errors.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { openReference } from "../../../verifier/runtime/reference.ts";
import { SLICE_BYTES } from "../../../verifier/runtime/slices.ts";
import { totalRuntime } from "../../../verifier/runtime/total.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import { rowOrderOf } from "../../../verifier/trace/inputs.ts";
import { computeSegment, runTask } from "../../../verifier/trace/run.ts";
import { rootOfList } from "../../../verifier/trace/step.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { openTraces } from "../../../verifier/trace/traces.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { taskOfGraphs } from "../../support/small-task.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const spec = smallGpt();
const graphs = gptGraphs(spec);
const { graph } = graphs.train;
const random = uniform(5);
const [tokens, labels] = ["x", "labels"].map(() =>
  randomTensor(random, "uint8", [12, spec.positions], 0, spec.vocabulary),
) as [Tensor, Tensor];
const NO_TOKEN = 200;
const dataset = datasetOf([{ ...tokens, data: tokens.data.map(() => NO_TOKEN as never) as never }, labels]);
const folder = await mkdtemp(join(tmpdir(), "anh-uncomputable-"));
const runtime = onnxRuntime({ threads: 1 });
const isolated = isolate(graph);
const closing: { close: () => Promise<void> }[] = [];
const kept = <T extends { close: () => Promise<void> }>(one: T): T => {
  closing.push(one);
  return one;
};
afterAll(async () => {
  for (const one of closing) await one.close();
  await rm(folder, { recursive: true });
});

/** Computes honestly but for the rows that are not there, which it makes up. */
const inventing = () => openReference(graph, { ...binary32, absent: () => 0.5 });

describe.each([
  ["strict", { stepRoots: true }],
  ["tolerant", { tolerant: true }],
] as const)("a made-up result of what nobody can compute, %s", (profile, flags) => {
  it("is refused by an honest run, and found wrong where the row is not there", async () => {
    const task = taskOfGraphs(graphs, dataset, { ...flags, batchRows: spec.batchRows, steps: 2, segmentSteps: 2 });
    const gatherer = kept(openGatherer(dataset));
    const store = openBlobStore(join(folder, "blobs"));
    const session = kept(await runtime.open(graph));
    const parts = { gatherer, store, checkpoints: openCheckpoints(join(folder, profile)) };
    await expect(runTask(task, { ...parts, steps: stepsOf(session) })).rejects.toThrow(RuntimeError);

    const steps = stepsOf(inventing());
    // Told to compute the run, it would decline to claim it, as everybody does.
    const feeds = await gatherer.feeds(rowOrderOf(task), 0, 2);
    const { state, metrics, stepRoots } = await computeSegment(task, steps, 0, task.start, feeds);
    const stateRoots = state.map((tensor) => tensorRoot(bytesOf(tensor)));
    const record = { index: 0, endState: rootOfList(stateRoots), metrics, stepsRoot: rootOfList(stepRoots) };
    const traces = openTraces(task, [{ record, stateRoots, stepRoots }], { ...parts, steps });
    const total = totalRuntime(runtime);
    const modules = {
      session: kept(await total.open(graph)),
      gatherer,
      isolated,
      isolatedSession: async () => kept(await total.open(isolated.graph)),
      open: total.open,
      sliceBytes: SLICE_BYTES,
    };
    const { wrong } = await checkSegment(task, modules, {
      record,
      stepHashes: stepRoots,
      start: task.start,
      startRoots: task.start.map((tensor) => tensorRoot(bytesOf(tensor))),
      roots: traces.roots,
      read: (step) => async (place, index) => (await traces.value(step, place, index))!,
    });
    expect(wrong).toMatchObject({ step: 0, violation: { kind: "element", element: 0 } });
    const { violation } = wrong!;
    expect(graph.nodes[(violation as { node: number }).node]!.op).toBe("Gather");
  });
});

it("a segment of it that shows no steps holds what no claim may hold", async () => {
  const task = taskOfGraphs(graphs, dataset, { batchRows: spec.batchRows, steps: 2, segmentSteps: 2 });
  const gatherer = kept(openGatherer(dataset));
  const feeds = await gatherer.feeds(rowOrderOf(task), 0, 2);
  const session = kept(await totalRuntime(runtime).open(graph));
  const { uncanonical } = await computeSegment(task, stepsOf(session), 0, task.start, feeds);
  expect(uncanonical).toBeDefined();
});
