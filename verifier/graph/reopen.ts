import { createDraft, type Draft, type Infer, keyOf } from "./draft.ts";
import type { Ends } from "./finish.ts";
import { datasetFeeds, type Graph, valueAt } from "./graph.ts";

/**
 * A finished graph as a draft again, to be changed and finished anew: its values keep their ids. Names that `finish` gave are
 * left for it to give again, as they count the values.
 */
export function reopen(graph: Graph, infer: Infer): { readonly draft: Draft; readonly ends: Ends } {
  const feeds = datasetFeeds(graph);
  const prefixes = new Map(graph.nodes.map(({ op, output }) => [output, op.toLowerCase()]));
  const isGiven = (name: string, id: number) => name === `${prefixes.get(id) ?? "constant"}_${id}`;
  const draft: Draft = {
    ...createDraft(infer),
    values: graph.values.map((value, id) => (isGiven(value.name, id) ? { ...value, name: "" } : value)),
    nodes: [...graph.nodes],
    constants: [...graph.constants],
    constantIds: new Map(graph.constants.map(({ value, bytes }) => [keyOf(valueAt(graph, value), bytes), value])),
    stateInputs: [...graph.stateInputs],
    batchInputs: graph.batchInputs.slice(0, feeds),
    maskInputs: graph.masks.map((keep, i) => ({ value: graph.batchInputs[feeds + i]!, keep })),
  };
  const { kind, stateOutputs, loss } = graph;
  return { draft, ends: { kind, stateOutputs, ...(loss === null ? {} : { loss }) } };
}
