import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import type { Hex } from "viem";
import { tensorRoot } from "../tensor/root.ts";
import { byteSizeOf, bytesOf, fromBytes, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { readIfThere } from "./store.ts";

/** The tensors one after the other. All or nothing across a kill −9 or on a full disk; the reader finds what a power cut tore. */
export function writeState(path: string, state: readonly Tensor[]): void {
  const temporary = `${path}.new`;
  try {
    writeAll(openSync(temporary, "w"), state);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  renameSync(temporary, path);
}

function writeAll(file: number, state: readonly Tensor[]): void {
  try {
    for (const tensor of state) {
      const bytes = bytesOf(tensor);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    }
  } finally {
    closeSync(file);
  }
}

/** Undefined if there is no such file, or if what it holds does not give these roots. */
export async function readState(
  path: string,
  roots: readonly Hex[],
  types: readonly TensorType[],
): Promise<Tensor[] | undefined> {
  const bytes = await readIfThere(path);
  if (bytes?.length !== types.reduce((sum, type) => sum + byteSizeOf(type), 0)) return undefined;
  const state: Tensor[] = [];
  let at = 0;
  for (const [i, type] of types.entries()) {
    const part = bytes.subarray(at, at + byteSizeOf(type));
    if (tensorRoot(part) !== roots[i]) return undefined;
    state.push(fromBytes(type, part));
    at += part.length;
  }
  return state;
}
