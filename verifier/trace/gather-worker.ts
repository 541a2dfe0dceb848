import { parentPort, workerData } from "node:worker_threads";
import { gatherRows } from "./dataset.ts";
import type { GatherAnswer, GatherRequest, GatherSource } from "./gather.ts";
import { rowsOfStep } from "./rows.ts";

const sources = workerData as readonly GatherSource[];

parentPort?.on("message", ({ id, order, firstStep, steps }: GatherRequest) => {
  try {
    const rows = Array.from({ length: steps }, (_, i) => rowsOfStep(order, firstStep + i)).flat();
    const feeds = sources.map((source) => gatherRows(source.bytes, source.rowBytes, rows));
    const answer: GatherAnswer = { id, feeds };
    parentPort?.postMessage(
      answer,
      feeds.map((feed) => feed.buffer),
    );
  } catch (error) {
    const answer: GatherAnswer = { id, error: String(error) };
    parentPort?.postMessage(answer);
  }
});
