import { AnhError } from "../../common/errors.ts";
import { type Graph, valueAt } from "../../verifier/graph/graph.ts";
import type { LossSpec } from "../../verifier/model/heads.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import type { NamedDataset } from "./dataset-file.ts";

/** Every number of a dataset: finite, as all values of a claim must be; labels that are classes, targets that are shares. */
export function checkValues({ dataset, columns }: NamedDataset, loss: LossSpec, infer: Graph): void {
  for (const [i, tensor] of dataset.tensors.entries()) {
    if (tensor.dtype === "float32")
      refuseWhere(
        columns[i]!.name,
        tensor,
        (x) => !Number.isFinite(x),
        "finite numbers",
        "what is not a number cannot be claimed: leave such rows out, or fill them in",
      );
  }
  const [name, target] = [columns.at(-1)!.name, dataset.tensors.at(-1)!];
  switch (loss.kind) {
    case "ce": {
      const classes = valueAt(infer, infer.stateOutputs[0]!).shape.at(-1)!;
      const isLabel = (x: number) => x === loss.ignored || (x >= 0 && x < classes);
      refuseWhere(
        name,
        target,
        (x) => !isLabel(x),
        `labels from 0 to ${classes - 1}`,
        "the network's output has a place for each class; --ignore-label names a label that counts for nothing",
      );
      break;
    }
    case "bce":
      refuseWhere(
        name,
        target,
        (x) => !(x >= 0 && x <= 1),
        "targets from 0 to 1",
        "bce compares with shares; mse takes any number",
      );
      break;
    case "mse":
      break;
  }
}

function refuseWhere(
  name: string,
  { data, shape }: Tensor,
  wrong: (x: number) => boolean,
  expected: string,
  hint: string,
): void {
  const perRow = data.length / (shape[0] ?? 1);
  for (const [i, x] of data.entries()) {
    if (!wrong(Number(x))) continue;
    const row = Math.floor(i / perRow);
    throw new AnhError("dataset", `${name} holds ${x} in row ${row}`, { expected, actual: String(x), hint });
  }
}
