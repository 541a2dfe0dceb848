import { graphHeaderComponents } from "../../common/graph-encoding.ts";
import { type HeaderProof, headerProof } from "../dispute/witness/proofs.ts";
import type { Graph } from "../graph/graph.ts";
import { encodeGraph } from "../model/encoding.ts";

/** That a header is its graph's first leaf (`HeaderProof` of contracts/types/Witness.sol). */
export const headerProofParameter = {
  type: "tuple",
  components: [
    { name: "header", type: "tuple", components: graphHeaderComponents },
    {
      name: "siblings",
      type: "tuple[]",
      components: [
        { name: "hash", type: "bytes32" },
        { name: "flops", type: "uint64" },
        { name: "bytes_", type: "uint64" },
      ],
    },
  ],
} as const;

export const graphHeaderProof = (graph: Graph): HeaderProof => headerProof(encodeGraph(graph));
