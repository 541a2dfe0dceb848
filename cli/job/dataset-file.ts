import { AnhError } from "../../common/errors.ts";
import type { DatasetColumn } from "../../verifier/model/onnx/graphs.ts";
import { fromSafetensors } from "../../verifier/tensor/safetensors.ts";
import { describe, type Tensor } from "../../verifier/tensor/tensor.ts";
import { type Dataset, datasetOf } from "../../verifier/trace/dataset.ts";
import { readFile } from "../model-file.ts";

/** A dataset with its tensors' names, in the order in which they feed a batch: inputs, then the target. */
export interface NamedDataset {
  readonly dataset: Dataset;
  readonly columns: readonly DatasetColumn[];
}

/** A safetensors file with a tensor of each input's name and one more, the target, of equally many rows. */
export function readDataset(file: string, inputs: readonly string[]): NamedDataset {
  const { tensors } = fromSafetensors(readFile(file, "a safetensors file"));
  const targets = [...tensors.keys()].filter((name) => !inputs.includes(name));
  const missing = inputs.filter((name) => !tensors.has(name));
  if (missing.length > 0 || targets.length !== 1)
    throw new AnhError("dataset", `${file} holds ${[...tensors.keys()].join(", ") || "nothing"}`, {
      expected: `tensors named ${inputs.join(", ")} as the model's inputs, and one more, the target`,
      actual: [...tensors.keys()].join(", "),
    });
  return chosen(tensors, [...inputs, targets[0]!]);
}

/** The named tensors of a safetensors file, in that order. */
export function readTensors(file: string, names: readonly string[]): NamedDataset {
  const { tensors } = fromSafetensors(readFile(file, "a safetensors file"));
  const missing = names.find((name) => !tensors.has(name));
  if (missing !== undefined)
    throw new AnhError("dataset", `${file} holds no tensor ${missing}`, {
      expected: `one of ${[...tensors.keys()].join(", ")}`,
      actual: missing,
    });
  return chosen(tensors, names);
}

function chosen(tensors: ReadonlyMap<string, Tensor>, names: readonly string[]): NamedDataset {
  const columns = names.map((name) => ({ name, type: tensors.get(name)! }));
  const scalar = columns.find(({ type }) => type.shape.length === 0);
  if (scalar !== undefined)
    throw new AnhError("dataset", `${scalar.name} is ${describe(scalar.type)}`, { expected: "rows" });
  const dataset = datasetOf(names.map((name) => tensors.get(name)!));
  return { dataset, columns: columns.map(({ name, type: { dtype, shape } }) => ({ name, type: { dtype, shape } })) };
}
