import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { getHeapStatistics } from "node:v8";
import { AnhError } from "../../common/errors.ts";
import type { Job } from "../../common/job.ts";
import { segmentCount, TASK_KIND, type Task } from "../../common/task.ts";
import type { Graph } from "../graph/graph.ts";
import { SLICE_BYTES } from "../runtime/slices.ts";
import { byteSizeOf, type TensorType } from "../tensor/tensor.ts";
import { KEPT_STATE_BYTES } from "./checkpoint.ts";
import { datasetTypes, stateTypes } from "./inputs.ts";

/** What a run takes, or a machine has. */
export type Room = {
  readonly memoryBytes: bigint;
  /** Of it what JavaScript's objects may take: a process that goes beyond ends. */
  readonly heapBytes: bigint;
  readonly diskBytes: bigint;
};

/** Copies of a state that a run holds at most: the runtime's before and after, ours of this segment and the one being
 * written. */
const STATES_HELD = 4n;
/** Segments whose feeds are in memory: the one computed and the one gathered. */
const SEGMENTS_GATHERED = 2n;
/** Slices of a step's values held when its trace is asked for: those remembered and the one that comes. */
const SLICES_HELD = 5n;
/** Record of a segment with 64 metrics, its leaf and what the tree above is made of: 1.1 KB as measured. */
const RECORD_BYTES = 2048n;
/** Threads, their heaps and the runtime's code. */
const BASE_BYTES = 200n << 20n;
/** Share of what is free that one run may take. */
const [SHARE, SHARES] = [4n, 5n];

/** States that are kept at most where checks gave way to others, of all checks together. */
export const MAX_KEPT = 4;

type Sizes = { readonly rowBytes: bigint; readonly stateBytes: bigint };

/** The most a task's run can take, from what its job says: nothing is fetched for it. */
export const roomFor = (task: Task, job: Job): Room =>
  roomOf(task, { rowBytes: rowBytesOf(task, job), stateBytes: job.stateBytes });

/** The same for who checks a claim of it, by what its graph says: the job is another's. The start, the end and states where a check gives way are on the disk. */
export function roomToCheck(task: Task, graph: Graph): Room {
  const bytesOf = (types: readonly TensorType[]) => types.reduce((sum, type) => sum + BigInt(byteSizeOf(type)), 0n);
  const [rowBytes, stateBytes] = [bytesOf(datasetTypes(graph, 1)), bytesOf(stateTypes(graph))];
  const { memoryBytes, heapBytes } = roomOf(task, { rowBytes, stateBytes });
  return { memoryBytes, heapBytes, diskBytes: task.datasetRows * rowBytes + BigInt(2 + MAX_KEPT) * stateBytes };
}

function roomOf(task: Task, { rowBytes, stateBytes }: Sizes): Room {
  const datasetBytes = task.datasetRows * rowBytes;
  const segmentBytes = BigInt(task.segmentSteps) * BigInt(task.batchRows) * rowBytes;
  const segments = BigInt(segmentCount(task));
  const states = segments * stateBytes;
  const heapBytes = segments * RECORD_BYTES;
  // The runtime computes a whole step, whatever part of it is asked for.
  const valueBytes = task.graph.bytes_;
  const sliceBytes = valueBytes < BigInt(SLICE_BYTES) ? valueBytes : BigInt(SLICE_BYTES);
  const kept = states < BigInt(KEPT_STATE_BYTES) ? states : BigInt(KEPT_STATE_BYTES);
  return {
    memoryBytes:
      BASE_BYTES +
      heapBytes +
      datasetBytes +
      SEGMENTS_GATHERED * segmentBytes +
      STATES_HELD * stateBytes +
      valueBytes +
      SLICES_HELD * sliceBytes,
    heapBytes,
    // The kept states, the newest and the one being written, the end in the store; the start and the rows that were fetched.
    diskBytes: kept + 4n * stateBytes + datasetBytes,
  };
}

/** An evaluation's rows are as wide as the training's, an inference's one row is bounded by the protocol (P4.3). */
function rowBytesOf({ kind }: Task, { datasetRows, datasetBytes, property }: Job): bigint {
  if (kind === TASK_KIND.commission) return ceilDiv(property.heldOutBytes, property.heldOutRows);
  return datasetRows === 0n ? 0n : ceilDiv(datasetBytes, datasetRows);
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** What this machine could still give a run that keeps its files in `folder`. */
export function roomAt(folder: string): Room {
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing, { bigint: true });
  return {
    memoryBytes: (BigInt(process.availableMemory()) * SHARE) / SHARES,
    heapBytes: (BigInt(getHeapStatistics().heap_size_limit) * SHARE) / SHARES,
    diskBytes: (bavail * bsize * SHARE) / SHARES,
  };
}

/** A run that this machine cannot hold: it is not reserved, nor is a claim of it looked at. */
export class TooBigError extends AnhError {
  constructor(what: "memory" | "heap" | "disk", needed: bigint, free: bigint) {
    super("too-big", `the run may take ${needed} bytes of ${what}, ${free} may be used`, {
      expected: `at most ${free}`,
      actual: needed,
      hint:
        what === "heap"
          ? "give it more (NODE_OPTIONS=--max-old-space-size=<MiB>), or leave it to others"
          : `free some ${what}, or leave it to a larger machine`,
    });
  }
}

/** Throws `TooBigError` if the task may need more than there is. */
export function requireRoom(needed: Room, free: Room): void {
  if (needed.memoryBytes > free.memoryBytes) throw new TooBigError("memory", needed.memoryBytes, free.memoryBytes);
  if (needed.heapBytes > free.heapBytes) throw new TooBigError("heap", needed.heapBytes, free.heapBytes);
  if (needed.diskBytes > free.diskBytes) throw new TooBigError("disk", needed.diskBytes, free.diskBytes);
}
