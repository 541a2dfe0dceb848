import { packHashes } from "../../common/merkle.ts";
import type { Graph } from "../../verifier/graph/graph.ts";
import { encodeGraph } from "../../verifier/model/encoding.ts";
import { toOnnx } from "../../verifier/model/onnx/write.ts";
import { graphRef } from "../../verifier/model/root.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../verifier/tensor/tensor.ts";
import { rootOfList } from "../../verifier/trace/step.ts";
import type { BlobStore } from "../../verifier/trace/store.ts";

/** What a requester uploads for a job: graphs and lists of tensors, under their roots. */
export const storeGraph = (store: BlobStore, graph: Graph): Promise<void> =>
  store.put(graphRef(encodeGraph(graph)).root, toOnnx(graph));

export async function storeTensors(store: BlobStore, tensors: readonly Tensor[]): Promise<void> {
  const roots = tensors.map((tensor) => tensorRoot(bytesOf(tensor)));
  for (const [i, tensor] of tensors.entries()) await store.put(roots[i]!, bytesOf(tensor));
  if (roots.length > 1) await store.put(rootOfList(roots), packHashes(roots));
}
