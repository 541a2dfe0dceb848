import type { Hex } from "viem";
import { packHashes, treeRoot } from "../../common/merkle.ts";
import type { Graph } from "../graph/graph.ts";
import { tensorRoot } from "../tensor/root.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { encodeGraph } from "./encoding.ts";
import { toOnnx } from "./onnx/write.ts";
import { graphRef } from "./root.ts";

/** Content that a requester uploads: what a job names by root (P9.1). */
export interface Upload {
  readonly kind: "graph" | "tensor" | "roots" | "job";
  readonly root: Hex;
  readonly bytes: Uint8Array;
}

export const graphUpload = (graph: Graph): Upload => ({
  kind: "graph",
  root: graphRef(encodeGraph(graph)).root,
  bytes: toOnnx(graph),
});

export function tensorUpload(tensor: Tensor): Upload {
  const bytes = bytesOf(tensor);
  return { kind: "tensor", root: tensorRoot(bytes), bytes };
}

/** The tensors of a dataset or of a state, then the list of their roots, which its own root stands for (one tensor is its own list). */
export function tensorUploads(tensors: readonly Tensor[]): Upload[] {
  const leaves = tensors.map(tensorUpload);
  const roots = leaves.map(({ root }) => root);
  return roots.length === 1 ? leaves : [...leaves, { kind: "roots", root: treeRoot(roots), bytes: packHashes(roots) }];
}
