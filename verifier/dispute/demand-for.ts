import type { Task } from "../../common/task.ts";
import type { Want } from "../check/want.ts";
import type { Graph } from "../graph/graph.ts";
import { encodeGraph } from "../model/encoding.ts";
import { nameValue } from "../witness/canonical.ts";
import { headerProof, nodeProof } from "../witness/proofs.ts";
import { INPUT_SOURCE } from "./published.ts";

/** The call of Demands that asks for it; the claim's hash comes first among its arguments. */
export function demandFor(
  want: Want,
  task: Task,
  graph: Graph | undefined,
): { readonly functionName: string; readonly args: readonly unknown[] } {
  switch (want.path) {
    case "segment":
      return { functionName: "demandSegment", args: [want.segment] };
    case "metrics":
      return { functionName: "demandMetrics", args: [want.segment] };
    case "step":
      return { functionName: "demandStep", args: [want.segment, want.step] };
    case "chunks": {
      const encoded = encodeGraph(known(graph));
      const { source, index, node } = nameValue(encoded, want.place, want.index);
      const named = { source, index, node: node === undefined ? [] : [nodeProof(encoded, node)] };
      const { segment, step, firstChunk, chunkCount } = want;
      const args = [task, segment, step, headerProof(encoded), named, firstChunk, chunkCount];
      return { functionName: "demandValue", args };
    }
    case "input": {
      const { of, index, firstChunk, chunkCount } = want;
      const args = [task, headerProof(encodeGraph(known(graph))), INPUT_SOURCE[of], index, firstChunk, chunkCount];
      return { functionName: "demandInput", args };
    }
  }
}

function known(graph: Graph | undefined): Graph {
  if (graph === undefined) throw new Error("a tensor can only be named in its graph");
  return graph;
}
