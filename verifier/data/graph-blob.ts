import type { Hex } from "viem";

import { encodeGraph } from "../model/encoding.ts";
import { readGraph } from "../model/onnx/read.ts";
import { graphRef } from "../model/root.ts";

/** Graph root of a canonical graph file; throws for every other file. */
export const rootOfGraphFile = (bytes: Uint8Array): Hex => graphRef(encodeGraph(readGraph(bytes))).root;
