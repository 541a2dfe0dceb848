import type { Hex } from "viem";

import { checkGraph } from "../model/check.ts";
import { encodeGraph } from "../model/encoding.ts";
import { readGraph } from "../model/onnx/read.ts";
import { graphRef } from "../model/root.ts";

/** Largest graph file that anybody reads or stores: beyond it a stranger's job could fill the disk. */
export const MAX_GRAPH_BYTES = 64 << 20;

/** Graph root of a canonical graph file; throws for every other file. */
export const rootOfGraphFile = (bytes: Uint8Array): Hex => graphRef(encodeGraph(readGraph(bytes))).root;

/** The same for what a requester uploads: refused by node name if an element of it could not be proven wrong on L1. Which
 * profile it is for is not known yet; `tolerant` demands least, so what fails there fails in both. */
export function rootOfProvableGraph(bytes: Uint8Array): Hex {
  const graph = readGraph(bytes);
  checkGraph(graph, "tolerant");
  return graphRef(encodeGraph(graph)).root;
}
