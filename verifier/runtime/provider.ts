import { type Graph, type OpName, valueAt } from "../graph/graph.ts";

/** Where onnxruntime computes: `webgpu` and `cuda` on a graphics processor, with what they lack on the CPU beside it. */
export const PROVIDERS = ["cpu", "webgpu", "cuda"] as const;
export type Provider = (typeof PROVIDERS)[number];

export const isGpu = (provider: Provider): boolean => provider !== "cpu";

/** Their sums are added up by atomic additions on a graphics processor, in any order: a claimant must reproduce its own bits. */
const UNORDERED: readonly OpName[] = ["ScatterElements"];

/** Names of the nodes that a provider would not compute alike twice. */
export const unordered = (graph: Graph, provider: Provider): string[] =>
  isGpu(provider)
    ? graph.nodes.filter(({ op }) => UNORDERED.includes(op)).map(({ output }) => valueAt(graph, output).name)
    : [];
