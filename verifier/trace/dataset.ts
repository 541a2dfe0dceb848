import type { Hex } from "viem";
import { AnhError } from "../../common/errors.ts";
import { treeRoot } from "../../common/merkle.ts";
import { tensorRoot } from "../tensor/root.ts";
import { byteSizeOf, bytesOf, dtypes, sizeOf, type Tensor, type TensorType } from "../tensor/tensor.ts";

/** k tensors with one first dimension; tensor i feeds batch input i (P4.4). */
export type Dataset = { readonly rows: number; readonly tensors: readonly Tensor[] };

export class DatasetError extends AnhError {}

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

/** Bytes of one row of a tensor. */
export const rowBytesOf = (type: TensorType): number => sizeOf(type.shape.slice(1)) * dtypes[type.dtype].bytes;

/** The named rows, one after the other, in `memory` of that size. */
export function gatherRows(
  source: Uint8Array,
  rowBytes: number,
  rows: readonly number[],
  memory = new ArrayBuffer(rows.length * rowBytes),
): Uint8Array<ArrayBuffer> {
  const gathered = new Uint8Array(memory);
  for (const [i, row] of rows.entries()) {
    const from = row * rowBytes;
    if (from + rowBytes > source.length)
      throw new DatasetError("dataset-row", `row ${row} of ${source.length / rowBytes}`, { actual: row });
    gathered.set(source.subarray(from, from + rowBytes), i * rowBytes);
  }
  return gathered;
}

export const datasetBytes = (dataset: Dataset): number =>
  dataset.tensors.reduce((sum, tensor) => sum + byteSizeOf(tensor), 0);
