import { parentPort, workerData } from "node:worker_threads";
import type { GatherAnswer, GatherRequest, GatherSource } from "./gather.ts";
import { gatherRows } from "./gather-rows.ts";
import { fillMask } from "./masks.ts";
import { rowsOfStep } from "./rows.ts";

const sources = workerData as readonly GatherSource[];

parentPort?.on("message", ({ id, order, firstStep, steps, memory }: GatherRequest) => {
  const answer = (error?: string) =>
    parentPort?.postMessage((error === undefined ? { id } : { id, error }) satisfies GatherAnswer);
  try {
    const rows = Array.from({ length: steps }, (_, i) => rowsOfStep(order, firstStep + i)).flat();
    for (const [i, { bytes, rowBytes }] of sources.entries()) gatherRows(bytes, rowBytes, rows, memory[i]!);
    for (const [i, { elements, keep }] of order.masks.entries()) {
      const feed = sources.length + i;
      for (let step = 0; step < steps; step++) {
        fillMask(new Uint8Array(memory[feed]!, step * elements, elements), order.seed, firstStep + step, feed, keep);
      }
    }
    answer();
  } catch (error) {
    answer(String(error));
  }
});
