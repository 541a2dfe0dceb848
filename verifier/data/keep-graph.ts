import type { Hex } from "viem";
import type { Graph } from "../graph/graph.ts";
import { toOnnx } from "../model/onnx/write.ts";
import { tensorRoot } from "../tensor/root.ts";
import type { BlobStore } from "../trace/store.ts";

/**
 * Keeps a graph's file, and each constant by its own root: of a graph that nobody serves L1 shows only these roots. Of a graph that
 * is `shown` no file has the root.
 */
export async function keepGraph(store: BlobStore, root: Hex, graph: Graph): Promise<void> {
  if (graph.shown === undefined) await store.keep(root, toOnnx(graph));
  await Promise.all(graph.constants.map(({ bytes }) => store.keep(tensorRoot(bytes), bytes)));
}
