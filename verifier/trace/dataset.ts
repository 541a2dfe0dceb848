import type { Hex } from "viem";
import { treeRoot } from "../../common/merkle.ts";
import { tensorRoot } from "../tensor/root.ts";
import { byteSizeOf, bytesOf, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { DatasetError } from "./gather-rows.ts";

/** k tensors with one first dimension; tensor i feeds batch input i (P4.4). */
export type Dataset = { readonly rows: number; readonly tensors: readonly Tensor[] };

export function datasetOf(tensors: readonly Tensor[]): Dataset {
  const rows = tensors[0]?.shape[0];
  if (rows === undefined)
    throw new DatasetError("dataset-empty", "a dataset has at least one tensor of at least rank 1");
  for (const tensor of tensors) {
    if (tensor.dtype === "bool")
      throw new DatasetError("dataset-dtype", "a dataset tensor is bool", {
        expected: "float32, uint8, int32 or int64",
      });
    if (tensor.shape[0] !== rows)
      throw new DatasetError("dataset-rows", "dataset tensors differ in rows", {
        expected: rows,
        actual: tensor.shape[0],
      });
  }
  return { rows, tensors };
}

export const datasetTensorRoots = (dataset: Dataset): Hex[] =>
  dataset.tensors.map((tensor) => tensorRoot(bytesOf(tensor)));

export const datasetRoot = (dataset: Dataset): Hex => treeRoot(datasetTensorRoots(dataset));

/** Type of dataset tensor i, from the type of the batch input it feeds and the dataset's rows. */
export const datasetTensorType = (feed: TensorType, rows: number): TensorType => ({
  dtype: feed.dtype,
  shape: [rows, ...feed.shape.slice(1)],
});

export const datasetBytes = (dataset: Dataset): number =>
  dataset.tensors.reduce((sum, tensor) => sum + byteSizeOf(tensor), 0);
