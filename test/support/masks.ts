import { datasetFeeds, type Graph, valueAt } from "../../verifier/graph/graph.ts";
import { type Tensor, zeros } from "../../verifier/tensor/tensor.ts";
import { fillMask } from "../../verifier/trace/masks.ts";

/** A seed that draws something. */
export const MASK_SEED = `0x${"5e".repeat(32)}` as const;

/** The masks of a step, as its last feeds. */
export const masksOf = (graph: Graph, step = 0): Tensor[] =>
  graph.masks.map((keep, i) => {
    const feed = datasetFeeds(graph) + i;
    const mask = zeros(valueAt(graph, graph.batchInputs[feed]!));
    fillMask(mask.data as Uint8Array, MASK_SEED, step, feed, keep);
    return mask;
  });
