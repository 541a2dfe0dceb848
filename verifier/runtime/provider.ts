import type { OpName } from "../graph/graph.ts";

/** Where onnxruntime computes: `webgpu` and `cuda` on a graphics processor, with what they lack on the CPU beside it. */
export const PROVIDERS = ["cpu", "webgpu", "cuda"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Their sums are added up by atomic additions there, in any order: a claimant must reproduce its own bits. */
export const UNORDERED_ON_GPU: readonly OpName[] = ["ScatterElements"];

export const isGpu = (provider: Provider): boolean => provider !== "cpu";
