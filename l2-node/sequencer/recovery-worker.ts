import { parentPort } from "node:worker_threads";
import { bytesOfHex, naturalOf } from "../../common/bytes.ts";
import { AnhError } from "../../common/errors.ts";
import { recoverAddress } from "../../common/signature.ts";
import { ANSWER_BYTES, QUESTION_BYTES } from "./recovery.ts";

function answer(question: Uint8Array, into: Uint8Array): void {
  const [digest, r, s] = [0, 32, 64].map((at) => question.subarray(at, at + 32)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  try {
    into.set(bytesOfHex(recoverAddress(digest, naturalOf(r), naturalOf(s), question[96] as number)), 1);
    into[0] = 1;
  } catch (error) {
    if (!(error instanceof AnhError)) throw error;
  }
}

parentPort?.on("message", (questions: Uint8Array) => {
  const count = questions.length / QUESTION_BYTES;
  const answers = new Uint8Array(ANSWER_BYTES * count);
  for (let i = 0; i < count; i++)
    answer(
      questions.subarray(QUESTION_BYTES * i, QUESTION_BYTES * (i + 1)),
      answers.subarray(ANSWER_BYTES * i, ANSWER_BYTES * (i + 1)),
    );
  parentPort?.postMessage(answers, [answers.buffer]);
});
