import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG } from "../../../common/job.ts";
import { openRuns, type RunSpec, type Runs } from "../../../verifier/claims/runs.ts";
import { openDataClient } from "../../../verifier/data/client.ts";
import { openLibrary } from "../../../verifier/data/library.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";
import { storeGraph, storeTensors } from "../../support/upload.ts";

const sequential = (salt: number) => smallTask({ flags: JOB_FLAG.sequentialRows, rows: 80, salt });
const claimed = sequential(0);
const long = sequential(1);
const specOf = ({ task }: SmallTask): RunSpec => ({ task, seed: ZERO_HASH, consumed: undefined });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-runs-"));
  const store = openBlobStore(join(folder, "blobs"));
  await storeGraph(store, claimed.graphs.train.graph);
  await storeTensors(store, claimed.dataset.tensors);
  await storeTensors(store, claimed.start);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Computes no segment of `long` before `released`. */
function open(runsFolder: string, released: Promise<void> = Promise.resolve()): { runs: Runs; sessions: string[] } {
  const store = openBlobStore(join(folder, "blobs"));
  const sessions: string[] = [];
  const runs = openRuns({
    folder: join(folder, runsFolder),
    store,
    libraryFor: () => openLibrary(store, openDataClient({ urls: [], timeoutMs: 100 })),
    openSteps: async (graph, task) => {
      sessions.push(task.id);
      const steps = stepsOf(await onnxRuntime({ threads: 1 }).open(graph));
      if (task.id !== long.task.id) return steps;
      return {
        ...steps,
        segment: async (...args) => {
          await released;
          return steps.segment(...args);
        },
      };
    },
  });
  return { runs, sessions };
}

function gate(): { released: Promise<void>; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { released: promise, release: resolve };
}

it("reads a claimed run from the disk while another one is computed", async () => {
  const before = open("kept");
  const computed = await before.runs.compute(specOf(claimed));
  await before.runs.close();
  const { released, release } = gate();
  const { runs, sessions } = open("kept", released);
  const training = runs.compute(specOf(long));
  const { result } = await runs.finish(specOf(claimed));
  expect(result.segments).toEqual(computed.result.segments);
  expect(sessions).not.toContain(claimed.task.id);
  release();
  await training;
  await runs.close();
});

it("computes a claimed run that the disk has lost while another one is computed", async () => {
  const { released, release } = gate();
  const { runs, sessions } = open("lost", released);
  const training = runs.compute(specOf(long));
  const [{ result }, segments] = await Promise.all([runs.finish(specOf(claimed)), runs.segments(specOf(claimed))]);
  const traces = await runs.traces(specOf(claimed));
  expect(await traces.stepHashes(1)).toHaveLength(4);
  expect(segments).toEqual(result.segments);
  release();
  await training;
  expect(sessions.filter((id) => id === long.task.id)).toHaveLength(1);
  await runs.close();
});

it("computes once what is to be claimed and is asked about before its turn", async () => {
  const { released, release } = gate();
  const { runs, sessions } = open("both", released);
  const training = runs.compute(specOf(long));
  const waiting = runs.compute(specOf(claimed));
  const segments = await runs.segments(specOf(claimed));
  release();
  await training;
  expect((await waiting).result.segments).toEqual(segments);
  expect(sessions.filter((id) => id === claimed.task.id)).toHaveLength(1);
  await runs.close();
});
