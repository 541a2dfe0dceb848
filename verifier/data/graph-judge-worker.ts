import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { AnhError } from "../../common/errors.ts";
import { rootOfProvableGraph } from "./graph-blob.ts";
import type { Judgement } from "./graph-judge.ts";

const answer = (judgement: Judgement): void => parentPort?.postMessage(judgement);

try {
  answer({ root: rootOfProvableGraph(readFileSync(workerData as string)) });
} catch (error) {
  if (!(error instanceof AnhError)) throw error;
  const { code, message, expected, hint } = error;
  answer({
    code,
    message,
    ...(expected === undefined ? {} : { expected: String(expected) }),
    ...(hint === undefined ? {} : { hint }),
  });
}
