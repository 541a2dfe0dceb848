import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLACE } from "../../../common/graph-encoding.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import type { Session } from "../../../verifier/runtime/runtime.ts";
import { slicesOf } from "../../../verifier/runtime/slices.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { byteSizeOf } from "../../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { type Gatherer, openGatherer } from "../../../verifier/trace/gather.ts";
import { rowOrderOf } from "../../../verifier/trace/inputs.ts";
import { batchOf, computeSegment, runTask } from "../../../verifier/trace/run.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { openTraces } from "../../../verifier/trace/traces.ts";
import { placementIn, rootAt } from "../../../verifier/trace/values.ts";
import { smallTask } from "../../support/small-task.ts";

const task = smallTask({ stepRoots: true });
const { graph } = task;
const ids = graph.values.map((_, id) => id);
/** Nothing but the largest value fits; three slices or so; everything. */
const SIZES = [1, 2048, 2 ** 20];

let folder: string;
let whole: Session;
let gatherer: Gatherer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anh-slices-"));
  whole = await onnxRuntime({ threads: 1 }).open(graph);
  gatherer = openGatherer(task.dataset);
});
afterAll(async () => {
  await whole.close();
  await gatherer.close();
  await rm(folder, { recursive: true });
});

describe("slices", () => {
  it.each(SIZES)(
    "of %i bytes hold every value once, inputs first, and no more than that unless one alone does",
    (size) => {
      const slices = slicesOf(graph, size);
      expect(slices.flat().sort((a, b) => a - b)).toEqual(ids);
      const computed = new Set(graph.nodes.map(({ output }) => output));
      for (const [i, slice] of slices.entries()) {
        const outputs = slice.filter((id) => computed.has(id));
        const bytes = outputs.reduce((sum, id) => sum + byteSizeOf(valueAt(graph, id)), 0);
        expect(bytes <= size || outputs.length === 1).toBe(true);
        expect(i === 0 || outputs.length === slice.length).toBe(true);
      }
    },
  );

  it("are one per node at the least and one at all where everything fits", () => {
    expect(slicesOf(graph, 1)).toHaveLength(graph.nodes.length);
    expect(slicesOf(graph)).toHaveLength(1);
  });

  it.each(SIZES)("of %i bytes give the bits of the whole step", async (sliceBytes) => {
    const sliced = await onnxRuntime({ threads: 1, sliceBytes }).open(graph);
    const batch = batchOf(graph, await gatherer.feeds(rowOrderOf(task), 0, 1), 0, 1);
    expect(await sliced.values(task.start, batch, ids)).toEqual(await whole.values(task.start, batch, ids));
    const some = [ids.at(-1)!, ids.at(-1)!, 0];
    expect(await sliced.values(task.start, batch, some)).toEqual(await whole.values(task.start, batch, some));
    await sliced.close();
  });

  it.each(SIZES)("of %i bytes commit to the same segment, and hold no more at once", async (sliceBytes) => {
    const asked: number[] = [];
    const watched: Steps = {
      ...stepsOf(whole),
      values: (_, state, batch, wanted) => {
        asked.push(wanted.length);
        return whole.values(state, batch, wanted);
      },
    };
    const feeds = () => gatherer.feeds(rowOrderOf(task), 0, 4);
    const expected = await computeSegment(task, stepsOf(whole), 0, task.start, await feeds());
    expect(await computeSegment(task, watched, 0, task.start, await feeds(), sliceBytes)).toEqual(expected);
    const slices = slicesOf(graph, sliceBytes);
    expect(asked).toEqual(Array.from({ length: 4 }, () => slices.map((slice) => slice.length)).flat());
  });

  it.each(SIZES)("of %i bytes serve every value under its root", async (sliceBytes) => {
    const checkpoints = openCheckpoints(join(folder, `${sliceBytes}`));
    const modules = { steps: stepsOf(whole), gatherer, checkpoints, store: openBlobStore(join(folder, "blobs")) };
    const { segments } = await runTask(task, modules);
    const traces = openTraces(task, segments, { ...modules, sliceBytes });
    const { exact, loose } = placementIn(graph);
    for (const step of [5, 9, 6]) {
      const roots = await traces.roots(step);
      for (const [place, count] of [
        [PLACE.state, task.start.length],
        [PLACE.exact, exact.length],
        [PLACE.loose, loose.length],
        [PLACE.nextState, task.start.length],
      ] as const)
        for (const index of [0, count - 1])
          expect(tensorRoot((await traces.value(step, place, index))!)).toBe(rootAt(roots, place, index));
    }
    expect(await traces.stepHashes(1)).toEqual(segments[1]!.stepRoots);
  });
});
