import { type Graph, type Node, type Value, type ValueId, valueAt } from "../graph/graph.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { vanishingValues } from "./vanishing.ts";

/** A step graph with one state more, which is finite as long as every value of every step was. */
export type Watched = {
  readonly graph: Graph;
  /** Name of that state; undefined where the graph needs none. */
  readonly alarm: string | undefined;
};

/** What the alarm starts from. */
export const SILENT: Tensor = float32([], [0]);

/**
 * Adds to the alarm, in each step, the sum of every value that could hold an infinity or a NaN unseen: no sum of such elements
 * is finite again. One of finite but huge elements may overflow, too: an alarm says that the steps have to be looked at. For the
 * loop over a segment's steps only; nothing of it is committed.
 */
export function watched(graph: Graph): Watched {
  const watch = vanishingValues(graph);
  if (watch.length === 0) return { graph, alarm: undefined };
  const values: Value[] = [...graph.values];
  const scalar = (prefix: string): ValueId => {
    let name = prefix;
    while (values.some((value) => value.name === name)) name += "_";
    return values.push({ name, dtype: "float32", shape: [] }) - 1;
  };
  const start = scalar("alarm");
  let alarm = start;
  const nodes: Node[] = [...graph.nodes];
  // The last one first: the runtime finds its order from the end, and so takes each sum as soon as it has the value, before it
  // computes anything in its place. That keeps the cost within a few per cent.
  for (const id of watch.toReversed()) {
    const axes = valueAt(graph, id).shape.map((_, axis) => axis);
    const sum = axes.length === 0 ? id : scalar(`sum_${id}`);
    if (sum !== id) nodes.push({ op: "ReduceSum", attributes: { axes, keepdims: 0 }, inputs: [id], output: sum });
    const raised = scalar(`alarm_${id}`);
    nodes.push({ op: "Add", attributes: {}, inputs: [alarm, sum], output: raised });
    alarm = raised;
  }
  return {
    graph: {
      ...graph,
      values,
      nodes,
      stateInputs: [...graph.stateInputs, { value: start, source: graph.stateInputs.length }],
      stateOutputs: [...graph.stateOutputs, alarm],
    },
    alarm: values[start]!.name,
  };
}
