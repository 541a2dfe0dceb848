import { AnhError } from "../../common/errors.ts";
import type { DatasetColumn } from "../../verifier/model/onnx/graphs.ts";
import { fromSafetensors, type NamedTensors } from "../../verifier/tensor/safetensors.ts";
import { describe } from "../../verifier/tensor/tensor.ts";
import { type Dataset, datasetOf } from "../../verifier/trace/dataset.ts";
import { inFile } from "../in-file.ts";
import { readFile } from "../model-file.ts";

/** A dataset with its tensors' names, in the order in which they feed a batch: inputs, then the target. */
export interface NamedDataset {
  readonly dataset: Dataset;
  readonly columns: readonly DatasetColumn[];
}

/** A safetensors file with a tensor of each input's name and one more, the target, of equally many rows. */
export function readDataset(file: string, inputs: readonly string[]): NamedDataset {
  const tensors = tensorsIn(file);
  const targets = [...tensors.keys()].filter((name) => !inputs.includes(name));
  const missing = inputs.filter((name) => !tensors.has(name));
  if (missing.length > 0 || targets.length !== 1)
    throw new AnhError("dataset", `${file} holds ${[...tensors.keys()].join(", ") || "nothing"}`, {
      expected: `tensors named ${inputs.join(", ")} as the model's inputs, and one more, the target`,
      actual: [...tensors.keys()].join(", "),
    });
  return chosen(file, tensors, [...inputs, targets[0]!]);
}

/** The named tensors of a safetensors file, in that order. */
export function readTensors(file: string, names: readonly string[]): NamedDataset {
  const tensors = tensorsIn(file);
  const missing = names.find((name) => !tensors.has(name));
  if (missing !== undefined)
    throw new AnhError("dataset", `${file} holds no tensor ${missing}`, {
      expected: `one of ${[...tensors.keys()].join(", ")}`,
      actual: missing,
    });
  return chosen(file, tensors, names);
}

const tensorsIn = (file: string): NamedTensors => {
  const bytes = readFile(file, "a safetensors file");
  return inFile(file, "safetensors", () => fromSafetensors(bytes).tensors);
};

function chosen(file: string, tensors: NamedTensors, names: readonly string[]): NamedDataset {
  const columns = names.map((name) => ({ name, type: tensors.get(name)! }));
  const refuse = (name: string, code: string, expected: string): AnhError =>
    new AnhError(code, `${file}: ${name} is ${describe(tensors.get(name)!)}`, { expected });
  const [first] = columns;
  for (const { name, type } of columns) {
    if (type.shape.length === 0) throw refuse(name, "dataset", "rows");
    if (type.dtype === "bool") throw refuse(name, "dataset-dtype", "float32, uint8, int32 or int64");
    if (type.shape[0] !== first!.type.shape[0])
      throw refuse(name, "dataset-rows", `${first!.type.shape[0]} rows, as ${first!.name} has`);
  }
  const dataset = datasetOf(names.map((name) => tensors.get(name)!));
  return { dataset, columns: columns.map(({ name, type: { dtype, shape } }) => ({ name, type: { dtype, shape } })) };
}
