import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLACE } from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { packHashes } from "../../../common/merkle.ts";
import { segmentCount } from "../../../common/task.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import type { Session } from "../../../verifier/runtime/runtime.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { type Gatherer, openGatherer } from "../../../verifier/trace/gather.ts";
import { rowOrderOf, type TaskInputs } from "../../../verifier/trace/inputs.ts";
import { batchOf, type RunModules, runTask } from "../../../verifier/trace/run.ts";
import { rootOfList, stepRootOf } from "../../../verifier/trace/step.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { openTraces } from "../../../verifier/trace/traces.ts";
import { placementIn, rootAt } from "../../../verifier/trace/values.ts";
import { smallTask } from "../../support/small-task.ts";

const strict = smallTask();
const traced = smallTask({ stepRoots: true });

let folder: string;
let session: Session;
let gatherer: Gatherer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-run-"));
  session = await onnxRuntime({ threads: 1 }).open(strict.graph);
  gatherer = openGatherer(strict.dataset);
});
afterAll(async () => {
  await session.close();
  await gatherer.close();
  await rm(folder, { recursive: true });
});

const modules = (name: string, steps: Steps = stepsOf(session)): RunModules => ({
  steps,
  gatherer,
  store: openBlobStore(join(folder, "blobs")),
  checkpoints: openCheckpoints(join(folder, name)),
});

/** The run as a plain loop over single steps. */
async function plainLoop(inputs: TaskInputs): Promise<readonly Tensor[]> {
  let state = inputs.start;
  for (let t = 0; t < inputs.task.steps; t++) {
    const feeds = await gatherer.feeds(rowOrderOf(inputs), t, 1);
    ({ state } = await session.step(state, batchOf(inputs.graph, feeds, 0, 1)));
  }
  return state;
}

describe("runTask", () => {
  it("ends in the state of a plain loop over the steps, with one record per segment", async () => {
    const { segments, state } = await runTask(strict, modules("plain"));
    expect(segments).toHaveLength(segmentCount(strict.task));
    expect(segments.map(({ record }) => record.metrics.length)).toEqual([4, 4, 2]);
    expect(state).toEqual(await plainLoop(strict));
    expect(segments.at(-1)!.record.endState).toBe(rootOfList(state.map((tensor) => tensorRoot(bytesOf(tensor)))));
    expect(segments.every(({ record }) => record.stepsRoot === ZERO_HASH)).toBe(true);
  });

  it("gives the same segments with step roots, and the roots of the steps besides", async () => {
    const plain = await runTask(strict, modules("plain"));
    const { segments } = await runTask(traced, modules("traced"));
    for (const [i, { record, stepRoots }] of segments.entries()) {
      expect(record).toEqual({ ...plain.segments[i]!.record, stepsRoot: rootOfList(stepRoots) });
      expect(stepRoots).toHaveLength(i === 2 ? 2 : 4);
    }
  });

  it("goes on after the last whole checkpoint with equal bits", async () => {
    const whole = await runTask(strict, modules("plain"));
    let left = 2;
    const steps = stepsOf(session);
    const dying: Steps = {
      ...steps,
      segment: (first, state, batches) =>
        left-- > 0 ? steps.segment(first, state, batches) : Promise.reject(new Error("killed")),
    };
    await expect(runTask(strict, modules("killed", dying))).rejects.toThrow("killed");
    const firsts: number[] = [];
    const watched: Steps = {
      ...steps,
      segment: (first, state, batches) => {
        firsts.push(first);
        return steps.segment(first, state, batches);
      },
    };
    expect(await runTask(strict, modules("killed", watched))).toEqual(whole);
    expect(firsts).not.toContain(0);
  });

  it("computes again what a flipped bit on the disk spoiled", async () => {
    const whole = await runTask(strict, modules("plain"));
    const path = join(folder, "plain", "state-2");
    const bytes = await readFile(path);
    bytes[100]! ^= 1;
    await writeFile(path, bytes);
    expect(await runTask(strict, modules("plain"))).toEqual(whole);
  });

  it.each([
    ["", 0],
    ["{", 0],
    ["one byte less", -1],
    ["a line of another segment", 1],
  ] as const)("computes again from a list of segments left as %j", async (torn, whatIsLeft) => {
    const whole = await runTask(strict, modules("torn"));
    const path = join(folder, "torn", "segments.ndjson");
    const lines = (await readFile(path, "utf8")).split(/(?<=\n)/);
    const left = { 0: torn, [-1]: lines.join("").slice(0, -1), 1: lines[0]! + lines[2]! }[whatIsLeft]!;
    await writeFile(path, left);
    expect(await runTask(strict, modules("torn"))).toEqual(whole);
    expect(await readFile(path, "utf8")).toBe(lines.join(""));
  });

  it("keeps every k-th state and the newest, and gives back any step from them", async () => {
    const thinned = { ...modules("thinned"), checkpoints: openCheckpoints(join(folder, "thinned"), 2) };
    const { segments } = await runTask(traced, thinned);
    expect((await readdir(join(folder, "thinned"))).sort()).toEqual(["segments.ndjson", "state-1", "state-2"]);
    const traces = openTraces(traced, segments, thinned);
    for (const step of [5, 9, 0])
      expect(stepRootOf(await traces.roots(step))).toBe(segments[step >> 2]!.stepRoots[step % 4]);
  });

  it("leaves its end state in the store, again if it was lost there", async () => {
    const { segments, state } = await runTask(strict, modules("plain"));
    const store = openBlobStore(join(folder, "lost"));
    await runTask(strict, { ...modules("plain"), store });
    const { record, stateRoots } = segments.at(-1)!;
    expect(await store.get(record.endState)).toEqual(Buffer.from(packHashes(stateRoots)));
    for (const [i, root] of stateRoots.entries())
      expect(await store.get(root)).toEqual(Buffer.from(bytesOf(state[i]!)));
  });
});

describe("traces", () => {
  it("give back any step in any order, as it was committed", async () => {
    const { segments } = await runTask(traced, modules("traced"));
    const traces = openTraces(traced, segments, modules("traced"));
    for (const step of [9, 0, 5, 6, 5, 3])
      expect(stepRootOf(await traces.roots(step))).toBe(segments[Math.floor(step / 4)]!.stepRoots[step % 4]);
  });

  it("compute a segment's start again that is lost on the disk", async () => {
    const { segments } = await runTask(traced, modules("traced"));
    const checkpoints = openCheckpoints(join(folder, "emptied"));
    const traces = openTraces(traced, segments, { ...modules("traced"), checkpoints });
    for (const step of [9, 4])
      expect(stepRootOf(await traces.roots(step))).toBe(segments[step >> 2]!.stepRoots[step % 4]);
  });

  it("give the step roots of a segment whose leaf does not hold them", async () => {
    const { segments } = await runTask(strict, modules("plain"));
    const known = await runTask(traced, modules("traced"));
    const traces = openTraces(strict, segments, modules("plain"));
    expect(await traces.stepHashes(2)).toEqual(known.segments[2]!.stepRoots);
    expect(await traces.stepHashes(0)).toEqual(known.segments[0]!.stepRoots);
    await expect(traces.stepHashes(3)).rejects.toThrow(RangeError);
    await expect(traces.roots(10)).rejects.toThrow(RangeError);
  });

  it("serve each value under its root, layouts included, and nothing at places that do not exist", async () => {
    const { segments } = await runTask(traced, modules("traced"));
    const traces = openTraces(traced, segments, modules("traced"));
    const roots = await traces.roots(1);
    const { exact, loose } = placementIn(traced.graph);
    const counts: [number, number][] = [
      [PLACE.state, traced.start.length],
      [PLACE.feed, 2],
      [PLACE.exact, exact.length],
      [PLACE.loose, loose.length],
      [PLACE.nextState, traced.start.length],
    ];
    for (const [place, count] of counts) {
      for (let index = 0; index < count; index++)
        expect(tensorRoot((await traces.value(1, place, index))!)).toBe(rootAt(roots, place, index));
      expect(await traces.value(1, place, count)).toBeUndefined();
    }
    expect(await traces.value(1, 9, 0)).toBeUndefined();
  });
});
