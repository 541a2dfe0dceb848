import { Worker } from "node:worker_threads";
import { bytesOf } from "../tensor/tensor.ts";
import type { Dataset } from "./dataset.ts";
import { rowBytesOf } from "./gather-rows.ts";
import type { RowOrder } from "./rows.ts";

/** Feeds of consecutive steps: per batch input the rows (or masks) of all the steps, one step after the other. In shared memory: the
 * gathering thread writes them and the runtime's reads them, megabytes per segment without a copy. */
export type Feeds = readonly Uint8Array<SharedArrayBuffer>[];

/** Batches are gathered in another thread while the runtime computes: done in line they cost a third of a small step. */
export type Gatherer = {
  readonly feeds: (order: RowOrder, firstStep: number, steps: number) => Promise<Feeds>;
  /** Hands back memory that nobody reads any more, to be filled again. */
  readonly reuse: (feeds: Feeds) => void;
  readonly close: () => Promise<void>;
};

export type GatherRequest = {
  readonly id: number;
  readonly order: RowOrder;
  readonly firstStep: number;
  readonly steps: number;
  /** Per source, of the size of all the rows asked for; then per mask. */
  readonly memory: readonly SharedArrayBuffer[];
};
export type GatherAnswer = { readonly id: number; readonly error?: string };
export type GatherSource = { readonly bytes: Uint8Array; readonly rowBytes: number };

export function openGatherer(dataset: Dataset): Gatherer {
  const sources: GatherSource[] = dataset.tensors.map((tensor) => ({
    bytes: shared(bytesOf(tensor)),
    rowBytes: rowBytesOf(tensor),
  }));
  const worker = new Worker(new URL("./gather-worker.ts", import.meta.url), {
    workerData: sources,
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
  });
  worker.unref();
  const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  let nextId = 0;
  let spare: readonly SharedArrayBuffer[] = [];
  const failAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", ({ id, error }: GatherAnswer) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (error !== undefined) asker?.reject(new Error(error));
    else asker?.resolve();
  });
  /** What was handed back if it fits, else new. */
  const memoryOf = ({ batchRows, masks }: RowOrder, steps: number): SharedArrayBuffer[] => {
    const unused = new Set(spare);
    spare = [];
    const sizes = [...sources.map(({ rowBytes }) => batchRows * rowBytes), ...masks.map(({ elements }) => elements)];
    return sizes.map((size) => {
      const fitting = [...unused].find(({ byteLength }) => byteLength === steps * size);
      if (fitting !== undefined) unused.delete(fitting);
      return fitting ?? new SharedArrayBuffer(steps * size);
    });
  };
  worker.on("error", failAll);
  worker.on("exit", () => failAll(new Error("the gathering thread ended")));
  return {
    feeds: (order, firstStep, steps) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        const memory = memoryOf(order, steps);
        const resolveFeeds = () => resolve(memory.map((buffer) => new Uint8Array(buffer)));
        waiting.set(id, { resolve: resolveFeeds, reject });
        worker.ref();
        worker.postMessage({ id, order, firstStep, steps, memory } satisfies GatherRequest);
      }),
    reuse: (feeds) => {
      spare = feeds.map(({ buffer }) => buffer);
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** One copy for all threads. */
function shared(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
