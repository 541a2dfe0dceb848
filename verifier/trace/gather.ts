import { Worker } from "node:worker_threads";
import { bytesOf } from "../tensor/tensor.ts";
import type { Dataset } from "./dataset.ts";
import { rowBytesOf } from "./gather-rows.ts";
import type { RowOrder } from "./rows.ts";

/** Feeds of consecutive steps: per batch input the rows of all the steps, one step after the other. */
export type Feeds = readonly Uint8Array<ArrayBuffer>[];

/** Batches are gathered in another thread while the runtime computes: done in line they cost a third of a small step. */
export type Gatherer = {
  readonly feeds: (order: RowOrder, firstStep: number, steps: number) => Promise<Feeds>;
  /** Hands back memory that nobody reads any more, to be filled again: megabytes per segment. */
  readonly reuse: (feeds: Feeds) => void;
  readonly close: () => Promise<void>;
};

export type GatherRequest = {
  readonly id: number;
  readonly order: RowOrder;
  readonly firstStep: number;
  readonly steps: number;
  readonly spare: readonly ArrayBuffer[];
};
export type GatherAnswer = { readonly id: number; readonly feeds?: Feeds; readonly error?: string };
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
  const waiting = new Map<number, { resolve: (feeds: Feeds) => void; reject: (error: Error) => void }>();
  let nextId = 0;
  let spare: ArrayBuffer[] = [];
  const failAll = (error: Error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", ({ id, feeds, error }: GatherAnswer) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    if (feeds === undefined) asker?.reject(new Error(error));
    else asker?.resolve(feeds);
  });
  worker.on("error", failAll);
  worker.on("exit", () => failAll(new Error("the gathering thread ended")));
  return {
    feeds: (order, firstStep, steps) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, order, firstStep, steps, spare } satisfies GatherRequest, spare);
        spare = [];
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
