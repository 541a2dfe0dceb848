import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { treeDepth } from "../../../common/merkle.ts";
import { segmentCount } from "../../../common/task.ts";
import { evidenceOf } from "../../../verifier/check/evidence.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import { runTask, type TaskResult } from "../../../verifier/trace/run.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { openTraces, type Traces } from "../../../verifier/trace/traces.ts";
import { segmentLeafOf, trajectoryRoot } from "../../../verifier/trace/trajectory.ts";
import { rootFromProof } from "../../support/merkle.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";

const SEGMENT_STEPS = 64;
const LENGTHS = [64, 1024, 10_000];

type Long = { readonly task: SmallTask; readonly result: TaskResult; readonly traces: Traces; readonly folder: string };
const runs = new Map<number, Long>();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-long-job-"));
  for (const steps of LENGTHS) {
    const task = smallTask({ steps, segmentSteps: SEGMENT_STEPS });
    const modules = {
      steps: stepsOf(await onnxRuntime({ threads: 1 }).open(task.graph)),
      gatherer: openGatherer(task.dataset),
      store: openBlobStore(join(folder, "blobs")),
      checkpoints: openCheckpoints(join(folder, `${steps}`)),
    };
    const result = await runTask(task, modules);
    const traces = openTraces(task, result.segments, modules);
    runs.set(steps, { task, result, traces, folder: join(folder, `${steps}`) });
  }
});
afterAll(async () => {
  for (const { traces } of runs.values()) await traces.close();
  await rm(folder, { recursive: true });
});

/** Hashes that tie one step in the middle of a run to the claim's trajectory root. */
async function opening({ task, result, traces }: Long): Promise<{ hashes: number; stepHashes: readonly Hex[] }> {
  const records = result.segments.map(({ record }) => record);
  const segment = Math.floor(segmentCount(task.task) / 2);
  const stepHashes = await traces.stepHashes(segment);
  const evidence = evidenceOf(records, stepHashes, segment, 5);
  const leaf = segmentLeafOf(records[segment]!);
  expect(rootFromProof(leaf, segment, evidence.segment.proof)).toBe(trajectoryRoot(records));
  const proofs = [evidence.segment.proof, evidence.stepProof, evidence.previousStepProof ?? []];
  return { hashes: proofs.flat().length, stepHashes };
}

describe("a job of K steps", () => {
  it.each(LENGTHS)("of %i steps opens a step with as many hashes as its trees are deep", async (steps) => {
    const { hashes, stepHashes } = await opening(runs.get(steps)!);
    const segments = Math.ceil(steps / SEGMENT_STEPS);
    expect(stepHashes).toHaveLength(SEGMENT_STEPS);
    expect(hashes).toBe(treeDepth(segments) + 2 * treeDepth(SEGMENT_STEPS));
  });

  it("costs eight hashes more at 10,000 steps than at 64", async () => {
    const counts = await Promise.all(LENGTHS.map(async (steps) => (await opening(runs.get(steps)!)).hashes));
    expect(counts).toEqual([12, 16, 20]);
  });

  it("keeps the same few bytes on the disk per segment", async () => {
    const perSegment = LENGTHS.map(async (steps) => {
      const { size } = await stat(join(runs.get(steps)!.folder, "segments.ndjson"));
      return size / Math.ceil(steps / SEGMENT_STEPS);
    });
    for (const bytes of await Promise.all(perSegment)) expect(bytes).toBeLessThan(2048);
  });
});
