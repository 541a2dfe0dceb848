import type { Task } from "../../common/task.ts";
import type { Want } from "../check/want.ts";
import type { Graph } from "../graph/graph.ts";
import { encodeGraph } from "../model/encoding.ts";
import { nameValue } from "../witness/canonical.ts";
import { type HeaderProof, headerProof, nodeProof } from "../witness/proofs.ts";
import { INPUT_SOURCE } from "./published.ts";

/** What questions about a claim are put in, as far as it is known. */
export type Terms = {
  readonly task: Task;
  readonly graph?: Graph;
  /** Of the task's graph, where that is not known yet. */
  readonly header?: HeaderProof;
  /** The consumed training and its graph. */
  readonly model?: { readonly task: Task; readonly graph: Graph };
};

/** The call of Demands that asks for it; the claim's hash comes first among its arguments. */
export function demandFor(
  want: Want,
  { task, graph, header, model }: Terms,
): { readonly functionName: string; readonly args: readonly unknown[] } {
  switch (want.path) {
    case "segment":
      return { functionName: "demandSegment", args: [want.segment] };
    case "metrics":
      return { functionName: "demandMetrics", args: [want.segment] };
    case "traces":
      return { functionName: "demandTraces", args: [want.segment] };
    case "step":
      return { functionName: "demandStep", args: [want.segment, want.step] };
    case "graph":
      return { functionName: "demandGraph", args: [task, want.leaf, want.leaf === 0 ? [] : [known(header)]] };
    case "model": {
      const consumed = known(model);
      const args = [consumed.task, headerProof(encodeGraph(consumed.graph)), want.index];
      return { functionName: "demandModel", args };
    }
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

function known<T>(term: T | undefined): T {
  if (term === undefined) throw new Error("asked for something that cannot be named yet");
  return term;
}
