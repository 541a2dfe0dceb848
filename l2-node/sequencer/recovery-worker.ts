import { parentPort } from "node:worker_threads";
import { answer } from "./recovery-message.ts";

parentPort?.on("message", (questions: Uint8Array) => {
  const answers = answer(questions);
  parentPort?.postMessage(answers, [answers.buffer]);
});
