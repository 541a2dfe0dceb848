import { bytesToHex, type Hex } from "viem";
import { dtypeBytes, type EncodedGraph } from "../../common/graph-encoding.ts";
import { rangeProof } from "../../common/merkle.ts";
import type { Graph } from "../graph/graph.ts";
import { CHUNK_BYTES, chunkHashes } from "../tensor/root.ts";
import type { StepRoots } from "../trace/step.ts";
import type { Read } from "./reads.ts";

/** Whole chunks of the value at a place of one step: what a witness opens, and what can be demanded (P7.6). */
export interface ChunkRange {
  readonly place: number;
  readonly index: number;
  readonly firstChunk: number;
  readonly lastChunk: number;
}

/** The bytes of a chunk range, with its range proof under the tensor root (P0.3). */
export interface Chunks {
  readonly bytes: Uint8Array;
  readonly proof: readonly Hex[];
}

/** One step of a claim as a witness needs it. Everything in it was checked against the claim's roots when it was fetched. */
export interface StepSource {
  readonly model: Graph;
  readonly graph: EncodedGraph;
  readonly roots: StepRoots;
  readonly chunks: (range: ChunkRange) => Promise<Chunks>;
}

export function chunkRangeOf({ value, first, count }: Read): ChunkRange {
  const size = dtypeBytes(value.dtype);
  return {
    place: value.place,
    index: value.index,
    firstChunk: Math.floor((first * size) / CHUNK_BYTES),
    lastChunk: Math.floor(((first + count) * size - 1) / CHUNK_BYTES),
  };
}

/** Chunks out of a tensor's whole bytes. */
export function chunksOf(bytes: Uint8Array, firstChunk: number, lastChunk: number): Chunks {
  return {
    bytes: bytes.subarray(firstChunk * CHUNK_BYTES, (lastChunk + 1) * CHUNK_BYTES),
    proof: rangeProof(chunkLeaves(bytes), firstChunk, lastChunk),
  };
}

export function chunkLeaves(bytes: Uint8Array): Hex[] {
  const hashes = chunkHashes(bytes);
  return Array.from({ length: hashes.length / 32 }, (_, i) => bytesToHex(hashes.subarray(32 * i, 32 * i + 32)));
}

/** A source over whole values, e.g. the challenger's own copy of a trace or `GET /v1/claim/…/{place}/{index}`. */
export const sourceOfValues = (
  model: Graph,
  graph: EncodedGraph,
  roots: StepRoots,
  valueAt: (place: number, index: number) => Promise<Uint8Array>,
): StepSource => ({
  model,
  graph,
  roots,
  chunks: async ({ place, index, firstChunk, lastChunk }) =>
    chunksOf(await valueAt(place, index), firstChunk, lastChunk),
});
