import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { evaluateTask, inferTask, trainTask } from "../../../common/task.ts";
import { KEPT_STATE_BYTES, keptEvery } from "../../../verifier/trace/checkpoint.ts";
import { requireRoom, roomAt, roomFor, roomToCheck, TooBigError } from "../../../verifier/trace/room.ts";
import { smallTask } from "../../support/small-task.ts";

const small = smallTask();
const { job } = small;
const huge = { ...job, stateBytes: 2n ** 63n, datasetBytes: 2n ** 63n };

describe("room for a run", () => {
  const needed = { memoryBytes: 100n, heapBytes: 20n, diskBytes: 50n };

  it("is refused by name, with both figures, one byte below what is needed and not at it", () => {
    expect(() => requireRoom(needed, needed)).not.toThrow();
    for (const [free, actual] of [
      [{ ...needed, memoryBytes: 99n }, 100n],
      [{ ...needed, heapBytes: 19n }, 20n],
      [{ ...needed, diskBytes: 49n }, 50n],
    ] as const) {
      expect(() => requireRoom(needed, free)).toThrow(TooBigError);
      expect(() => requireRoom(needed, free)).toThrow(expect.objectContaining({ code: "too-big", actual }));
    }
  });

  it("is there on this machine for a small job of each kind, not for one of the largest sizes a job can name", () => {
    const free = roomAt(join(tmpdir(), "anh-not-there", "runs"));
    for (const task of [trainTask(job), inferTask(job, job.startRoot), evaluateTask(job, job.datasetRoot, 50)])
      expect(() => requireRoom(roomFor(task, job), free)).not.toThrow();
    expect(() => requireRoom(roomFor(trainTask(huge), huge), free)).toThrow(TooBigError);
  });

  it("to check a claim is what it takes to run it, as the graph says it", () => {
    const { memoryBytes, diskBytes } = roomToCheck(small.task, small.graph);
    expect(memoryBytes).toBe(roomFor(small.task, job).memoryBytes);
    expect(diskBytes).toBe(job.datasetBytes + 6n * job.stateBytes);
    const { values, stateInputs } = small.graph;
    const state = stateInputs[0]!.value;
    const wide = { ...small.graph, values: values.with(state, { ...values[state]!, shape: [2 ** 40] }) };
    expect(roomToCheck(small.task, wide).memoryBytes).toBeGreaterThan(4n * 2n ** 42n);
  });

  it("is refused to as many segments as a job can name: a record of each would be in memory", () => {
    const many = { ...small.task, steps: 2 ** 32 - 1, segmentSteps: 1 };
    const { heapBytes, memoryBytes } = roomFor(many, job);
    expect(heapBytes).toBeGreaterThan(2n ** 42n);
    expect(memoryBytes).toBeGreaterThan(heapBytes);
    const check = roomToCheck(many, small.graph);
    expect(check.heapBytes).toBe(heapBytes);
    expect(() => requireRoom({ ...check, memoryBytes: 0n }, roomAt(tmpdir()))).toThrow(/bytes of heap/);
  });

  it("grows with the state, the dataset, the feeds of a segment and the values of a step", () => {
    const base = roomFor(trainTask(job), job);
    const state = { ...job, stateBytes: job.stateBytes + 1000n };
    const data = { ...job, datasetBytes: job.datasetBytes + 1000n * job.datasetRows };
    const graph = { ...job, trainGraph: { ...job.trainGraph, bytes_: job.trainGraph.bytes_ + 1000n } };
    expect(roomFor(trainTask(state), state).memoryBytes - base.memoryBytes).toBe(4000n);
    expect(roomFor(trainTask(data), data).memoryBytes - base.memoryBytes).toBe(
      1000n * (job.datasetRows + 2n * BigInt(job.segmentSteps * job.batchRows)),
    );
    expect(roomFor(trainTask(graph), graph).memoryBytes - base.memoryBytes).toBe(6000n);
  });

  it("on the disk stops growing with the steps where states are thinned", () => {
    const long = { ...job, steps: 2 ** 25, segmentSteps: 64, stateBytes: 2n ** 30n };
    const longer = { ...long, steps: 2 ** 26 };
    const disk = (of: typeof long) => roomFor(trainTask(of), of).diskBytes;
    expect(disk(longer)).toBe(disk(long));
  });
});

describe("keptEvery", () => {
  it.each([
    [1, 0, 1],
    [1000, 1, 1],
    [2, KEPT_STATE_BYTES / 2, 1],
    [2, KEPT_STATE_BYTES / 2 + 1, 2],
    [157, KEPT_STATE_BYTES, 157],
  ])("of %i states of %i bytes keeps every %i", (segments, stateBytes, every) => {
    expect(keptEvery(segments, stateBytes)).toBe(every);
  });
});
