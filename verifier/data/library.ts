import type { Hex } from "viem";
import { packHashes, treeRoot, unpackHashes } from "../../common/merkle.ts";
import type { Graph } from "../graph/graph.ts";
import { readGraph } from "../model/onnx/read.ts";
import { tensorRoot } from "../tensor/root.ts";
import { byteSizeOf, sameType, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { stateTypes } from "../trace/inputs.ts";
import type { BlobStore } from "../trace/store.ts";
import type { DataClient } from "./client.ts";
import { MAX_GRAPH_BYTES, rootOfGraphFile } from "./graph-blob.ts";

/** Content by root: from the own store, else from the data services that `client` asks, and kept from then on. */
export type Library = {
  readonly graph: (root: Hex) => Promise<Graph>;
  /** Types of the tensors of a graph's state, as far as they are known. */
  readonly stateTypes: (graphRoot: Hex) => Promise<readonly (TensorType | undefined)[]>;
  readonly roots: (root: Hex, count: number) => Promise<readonly Hex[]>;
  /** Over shared memory, so that other threads read it without a copy. */
  readonly tensor: (root: Hex, type: TensorType) => Promise<Tensor>;
};

/** Tensors in memory, shared by all who ask while anybody holds them. */
export type TensorMemory = Map<Hex, WeakRef<Tensor>>;

export function openLibrary(store: BlobStore, client: DataClient, memory: TensorMemory = new Map()): Library {
  async function read(root: Hex, type: TensorType): Promise<Tensor> {
    const kept = await store.get(root);
    if (kept?.length === byteSizeOf(type) && tensorRoot(kept) === root) return sharedTensor(type, kept);
    const bytes = await client.tensor(root, byteSizeOf(type));
    await store.put(root, bytes);
    return sharedTensor(type, bytes);
  }
  async function graph(root: Hex): Promise<Graph> {
    const kept = await store.get(root);
    if (kept !== undefined && rootOfGraphFile(kept) === root) return readGraph(kept);
    const bytes = await client.file(root, MAX_GRAPH_BYTES, rootOfGraphFile);
    await store.put(root, bytes);
    return readGraph(bytes);
  }
  return {
    graph,
    stateTypes: async (root) => stateTypes(await graph(root)),
    roots: async (root, count) => {
      if (count === 1) return [root];
      const kept = await store.get(root);
      if (kept?.length === 32 * count && treeRoot(unpackHashes(kept)) === root) return unpackHashes(kept);
      const roots = await client.roots(root, count);
      await store.put(root, packHashes(roots));
      return roots;
    },
    tensor: async (root, type) => {
      const held = memory.get(root)?.deref();
      if (held !== undefined && sameType(held, type)) return held;
      const tensor = await read(root, type);
      memory.set(root, new WeakRef(tensor));
      return tensor;
    },
  };
}

function sharedTensor(type: TensorType, bytes: Uint8Array): Tensor {
  const { dtype, shape } = type;
  if (bytes.buffer instanceof SharedArrayBuffer && bytes.byteOffset === 0)
    return { dtype, shape, data: viewOf(dtype, bytes.buffer) };
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return { dtype, shape, data: viewOf(dtype, buffer) };
}

function viewOf(dtype: TensorType["dtype"], buffer: SharedArrayBuffer): Tensor["data"] {
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "uint8":
    case "bool":
      return new Uint8Array(buffer);
  }
}
