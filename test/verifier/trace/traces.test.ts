import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import { runTask } from "../../../verifier/trace/run.ts";
import { stepRootOf } from "../../../verifier/trace/step.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { openTraces } from "../../../verifier/trace/traces.ts";
import { smallTask } from "../../support/small-task.ts";

test("opening a segment, then its steps, computes each step once", async () => {
  const task = smallTask({ steps: 16, segmentSteps: 8 });
  const folder = await mkdtemp(join(tmpdir(), "anh-traces-"));
  const steps = stepsOf(await onnxRuntime({ threads: 1 }).open(task.graph));
  const gatherer = openGatherer(task.dataset);
  const checkpoints = openCheckpoints(join(folder, "run"));
  const { segments } = await runTask(task, {
    steps,
    gatherer,
    store: openBlobStore(join(folder, "blobs")),
    checkpoints,
  });
  const computed: number[] = [];
  const counting: Steps = {
    ...steps,
    values: (step, ...rest) => {
      computed.push(step);
      return steps.values(step, ...rest);
    },
  };
  const traces = openTraces(task, segments, { steps: counting, gatherer, checkpoints });
  const hashes = await traces.stepHashes(1);
  const opened = await Promise.all(Array.from({ length: 8 }, (_, i) => traces.roots(8 + i)));
  expect(opened.map(stepRootOf)).toEqual(hashes);
  expect(computed).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
  expect(stepRootOf(await traces.roots(0))).toBe((await traces.stepHashes(0))[0]);
  await traces.close();
  await rm(folder, { recursive: true });
});
