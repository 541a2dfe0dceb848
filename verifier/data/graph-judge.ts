import { Worker } from "node:worker_threads";
import type { Hex } from "viem";
import { UploadError } from "./upload.ts";

export type GraphJudgeOptions = {
  /** Longest that one file may take. */
  readonly timeoutMs: number;
  readonly maxHeapMb: number;
  /** Files that wait while one is judged. */
  readonly maxWaiting: number;
};

/** What the worker says of a file. */
export type Judgement =
  | { readonly root: Hex }
  | { readonly code: string; readonly message: string; readonly expected?: string; readonly hint?: string };

/** Root of the graph file at a path; throws `UploadError` where it is none, or none that could be proven wrong on L1. */
export type GraphJudge = (path: string) => Promise<Hex>;

/**
 * Judges strangers' graphs one after the other, each in a thread of its own: it takes seconds for the largest, and the node's
 * thread has blocks to seal meanwhile.
 */
export function openGraphJudge({ timeoutMs, maxHeapMb, maxWaiting }: GraphJudgeOptions): GraphJudge {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  const judge = (path: string): Promise<Judgement> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./graph-judge-worker.ts", import.meta.url), {
        workerData: path,
        resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
      });
      worker.unref();
      const timer = setTimeout(() => {
        reject(tooCostly(`more than ${timeoutMs} ms`));
        void worker.terminate();
      }, timeoutMs);
      worker.on("message", resolve);
      worker.on("error", (error: NodeJS.ErrnoException) =>
        reject(error.code === "ERR_WORKER_OUT_OF_MEMORY" ? tooCostly(`more than ${maxHeapMb} MB`) : error),
      );
      worker.on("exit", () => {
        clearTimeout(timer);
        reject(new Error("the judging thread ended"));
      });
    });

  return async (path) => {
    if (waiting > maxWaiting)
      throw new UploadError("uploads-busy", "too many graphs wait to be judged", {
        expected: maxWaiting,
        hint: "try again",
      });
    waiting++;
    const before = last;
    const judging = (async () => {
      await before;
      return judge(path);
    })();
    last = judging.catch(() => {});
    try {
      const judgement = await judging;
      if ("root" in judgement) return judgement.root;
      const { code, message, ...details } = judgement;
      throw new UploadError(code, message, details);
    } finally {
      waiting--;
    }
  };
}

const tooCostly = (actual: string): UploadError =>
  new UploadError("graph-too-costly", "judging this graph takes too much", { actual });
