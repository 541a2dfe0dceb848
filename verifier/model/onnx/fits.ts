import type { BatchSpec } from "../../autodiff/train-step.ts";
import { byteSizeOf, describe, type TensorType } from "../../tensor/tensor.ts";
import { ModelFileError } from "../errors.ts";

// What a network must be for contracts to ask it. All of these throw `ModelFileError`.

/** What a contract is given back (P5.11). */
const MAX_ANSWER_BYTES = 1024;
/** What a contract may ask with (P12). */
const MAX_QUESTION_BYTES = 65_536;

/** One row of one input is a question. */
export function checkInputs(inputs: readonly BatchSpec[]): void {
  if (inputs.length !== 1)
    throw new ModelFileError("model", "one input, which a contract asks with", `${inputs.length} inputs`);
}

/** Batches of any size: rows are told apart by the first dimension alone. */
export function checkBatch({ name, type }: BatchSpec, rows: number): void {
  if (type.shape[0] !== rows)
    throw new ModelFileError(
      `input ${name} of the model`,
      "a symbolic first dimension, the batch",
      describe(type),
      undefined,
      `torch.onnx.export(…, dynamic_axes={${JSON.stringify(name)}: {0: "batch"}}) leaves it open`,
    );
}

/** What goes in and comes out for one row. */
export function checkRow(question: BatchSpec, output: string, answer: TensorType): void {
  if (byteSizeOf(question.type) > MAX_QUESTION_BYTES)
    throw new ModelFileError(
      `input ${question.name}`,
      `a row of at most ${MAX_QUESTION_BYTES} bytes`,
      describe(question.type),
    );
  if (byteSizeOf(answer) > MAX_ANSWER_BYTES)
    throw new ModelFileError(`output ${output}`, `at most ${MAX_ANSWER_BYTES} bytes for one row`, describe(answer));
}
