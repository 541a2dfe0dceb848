// The legal executor against the checker: networks of every kind, whole training steps, and it never loses.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { JOB_FLAG } from "../../../common/job.ts";
import { withCheckModules } from "../../../verifier/check/bench.ts";
import { driftOf, openResiduals } from "../../../verifier/check/residuals.ts";
import { type ClaimedSegment, checkSegment } from "../../../verifier/check/segment.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { referenceRuntime } from "../../../verifier/runtime/reference.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf } from "../../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { runTask } from "../../../verifier/trace/run.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { openTraces } from "../../../verifier/trace/traces.ts";
import { legalSteps } from "../../support/legal-steps.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { type SmallTask, smallTask, taskOfGraphs } from "../../support/small-task.ts";
import { hexOf, randomTensor, uniform } from "../../support/tensors.ts";

const random = uniform(9);
const folder = await mkdtemp(join(tmpdir(), "anh-legal-"));
afterAll(() => rm(folder, { recursive: true }));
const SECRET = `0x${"5a".repeat(32)}` as const;
const long = process.env.ANH_LONG === "1";
const SEEDS = long ? [1, 2, 3, 4] : [1];
const STEPS = long ? 4 : 2;

const cnn = smallCnn();
const gpt = smallGpt();
const gpu = { flags: JOB_FLAG.gpu };
const spec = { tolerant: true, steps: STEPS, segmentSteps: STEPS };
const tokens = () => randomTensor(random, "uint8", [12, gpt.positions], 0, gpt.vocabulary);
const images = datasetOf([randomTensor(random, "uint8", [40, 72], 0, 256), randomTensor(random, "uint8", [40], 0, 10)]);
const texts = datasetOf([tokens(), tokens()]);
const tasks: readonly (readonly [name: string, task: SmallTask])[] = [
  ["a perceptron", smallTask(spec)],
  ["a convolutional network", taskOfGraphs(cnnGraphs(cnn), images, { ...spec, batchRows: cnn.batchRows })],
  ["a transformer", taskOfGraphs(gptGraphs(gpt), texts, { ...spec, batchRows: gpt.batchRows })],
];

const onGpu: typeof tasks = [["a perceptron in the gpu column", smallTask({ ...spec, ...gpu })]];
const alsoOnGpu: typeof tasks = [
  [
    "a convolutional network in the gpu column",
    taskOfGraphs(cnnGraphs(cnn), images, { ...spec, ...gpu, batchRows: cnn.batchRows }),
  ],
  [
    "a transformer in the gpu column",
    taskOfGraphs(gptGraphs(gpt), texts, { ...spec, ...gpu, batchRows: gpt.batchRows }),
  ],
];

const columnOf = ({ task }: SmallTask) => ((task.flags & JOB_FLAG.gpu) === 0 ? "cpu" : "gpu");

describe.each([...tasks, ...onGpu, ...(long ? alsoOnGpu : [])])("%s", (name, task) => {
  test.each(SEEDS)("whatever of the allowed is claimed (%i), nothing is wrong", async (seed) => {
    const runtime = onnxRuntime({ threads: 1 });
    await withCheckModules(runtime, task, async (modules) => {
      const store = openBlobStore(join(folder, "blobs"));
      const run = async (which: string, steps: ReturnType<typeof legalSteps>) => {
        const checkpoints = openCheckpoints(join(folder, `${name}-${which}`));
        const { segments, state } = await runTask(task, { steps, gatherer: modules.gatherer, store, checkpoints });
        return {
          segments,
          state,
          traces: openTraces(task, segments, { steps, gatherer: modules.gatherer, checkpoints }),
        };
      };
      const driftOfRight = async ({ segments, traces }: Awaited<ReturnType<typeof run>>) => {
        const residuals = openResiduals(SECRET);
        const claimed: ClaimedSegment = {
          record: segments[0]!.record,
          stepHashes: segments[0]!.stepRoots,
          start: task.start,
          startRoots: task.start.map((tensor) => tensorRoot(bytesOf(tensor))),
          roots: traces.roots,
          read: (step) => async (place, index) => (await traces.value(step, place, index))!,
        };
        expect((await checkSegment(task, { ...modules, residuals }, claimed)).wrong).toBeUndefined();
        return driftOf(residuals)!;
      };
      const legal = await run(`${seed}`, legalSteps(task.graph, seed, columnOf(task)));
      const used = await driftOfRight(legal);
      // An honest machine that adds up in another order.
      const reference = await run(`${seed}-reference`, stepsOf(await referenceRuntime.open(task.graph)));
      const rounded = await driftOfRight(reference);
      expect(rounded.rms).toBeLessThan(2);
      expect(used.rms).toBeGreaterThan(6);
      const honest = await run(`${seed}-honest`, stepsOf(modules.session));
      expect(legal.state.map(hexOf)).not.toEqual(honest.state.map(hexOf));
    });
  });
});
