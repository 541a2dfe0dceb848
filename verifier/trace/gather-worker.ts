import { parentPort, workerData } from "node:worker_threads";
import type { GatherAnswer, GatherRequest, GatherSource } from "./gather.ts";
import { gatherRows } from "./gather-rows.ts";
import { rowsOfStep } from "./rows.ts";

const sources = workerData as readonly GatherSource[];

parentPort?.on("message", ({ id, order, firstStep, steps, spare }: GatherRequest) => {
  try {
    const rows = Array.from({ length: steps }, (_, i) => rowsOfStep(order, firstStep + i)).flat();
    const unused = new Set(spare);
    const feeds = sources.map(({ bytes, rowBytes }) => {
      const memory = [...unused].find(({ byteLength }) => byteLength === rows.length * rowBytes);
      if (memory !== undefined) unused.delete(memory);
      return gatherRows(bytes, rowBytes, rows, memory);
    });
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
