import { type EncodedGraph, PLACE } from "../../common/graph-encoding.ts";
import type { Task } from "../../common/task.ts";
import type { InputKind, Want } from "../check/want.ts";
import type { Graph } from "../graph/graph.ts";
import { encodeGraph } from "../model/encoding.ts";
import { encodeName, nameValue } from "../witness/canonical.ts";
import { type HeaderProof, headerProof, nodeProof } from "../witness/proofs.ts";

/** What questions about a claim are put in, as far as it is known. */
export type Terms = {
  readonly task: Task;
  readonly graph?: Graph;
  /** What L1 shows of the task's graph, where nobody serves it. */
  readonly header?: HeaderProof;
  readonly encoded?: EncodedGraph;
  /** The consumed training, and the header of its graph. */
  readonly model?: { readonly task: Task; readonly header?: HeaderProof };
};

/** The call of Demands that asks for it; the claim's hash comes first among its arguments. */
export function demandFor(
  want: Want,
  terms: Terms,
): { readonly functionName: string; readonly args: readonly unknown[] } {
  const { task, header, model } = terms;
  switch (want.path) {
    case "segment":
      return { functionName: "demandSegment", args: [want.segment] };
    case "metrics":
      return { functionName: "demandMetrics", args: [want.segment] };
    case "traces":
      return { functionName: "demandTraces", args: [want.segment] };
    case "step":
      return { functionName: "demandStep", args: [want.segment, want.step, want.page] };
    case "graph":
      return want.of === "task"
        ? { functionName: "demandGraph", args: [task, want.leaf, want.leaf === 0 ? [] : [known(header)]] }
        : { functionName: "demandGraph", args: [known(model).task, want.leaf, []] };
    case "model": {
      const consumed = known(model);
      const args = [consumed.task, known(consumed.header), want.index];
      return { functionName: "demandModel", args };
    }
    case "sum": {
      const encoded = encodedOf(terms);
      const { segment, step, node, element } = want;
      const args = [task, segment, step, headerProof(encoded), nodeProof(encoded, node), BigInt(element)];
      return { functionName: "demandSum", args };
    }
    case "chunks": {
      const encoded = encodedOf(terms);
      const named = encodeName(encoded, nameValue(encoded, want.place, want.index));
      const { segment, step, firstChunk, chunkCount } = want;
      const args = [task, segment, step, headerProof(encoded), named, firstChunk, chunkCount];
      return { functionName: "demandValue", args };
    }
    case "input": {
      const { of, index, firstChunk, chunkCount } = want;
      const encoded = encodedOf(terms);
      const named = encodeName(encoded, nameValue(encoded, INPUT_PLACE[of], index));
      const args = [task, headerProof(encoded), named, firstChunk, chunkCount];
      return { functionName: "demandInput", args };
    }
  }
}

/** What reads an input, by which it is named (`IDemands.demandInput`). */
const INPUT_PLACE: Record<InputKind, number> = { dataset: PLACE.feed, start: PLACE.state, constant: PLACE.constant };

const encodedOf = ({ graph, encoded }: Terms): EncodedGraph => encoded ?? encodeGraph(known(graph));

function known<T>(term: T | undefined): T {
  if (term === undefined) throw new Error("asked for something that cannot be named yet");
  return term;
}
