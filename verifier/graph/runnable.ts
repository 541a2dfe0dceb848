import { bytesOf, zeros } from "../tensor/tensor.ts";
import { type Constant, type Graph, type Value, type ValueId, valueAt } from "./graph.ts";

/**
 * The graph as a runtime takes it: nodes in an order that can be executed, and zeros for what only a claim can say. Values that the
 * graph has keep their ids. What is computed from such zeros is no claim's: `Placement.unsure` says of which places.
 */
export function runnable(graph: Graph): Graph {
  if (graph.shown === undefined) return graph;
  const { open, order, cut } = graph.shown;
  const values: Value[] = [...graph.values];
  const constants: Constant[] = [...graph.constants];
  const addZeros = (value: ValueId) => constants.push({ value, bytes: bytesOf(zeros(valueAt({ values }, value))) });
  for (const id of open) addZeros(id);
  const standIns = new Map<string, ValueId>();
  for (const { node, operand } of cut) {
    const type = valueAt(graph, graph.nodes[node]!.inputs[operand]!);
    const id = values.push({ ...type, name: `cut_${values.length}` }) - 1;
    addZeros(id);
    standIns.set(`${node}/${operand}`, id);
  }
  const nodes = order.map((node) => {
    const { inputs, ...rest } = graph.nodes[node]!;
    return { ...rest, inputs: inputs.map((id, operand) => standIns.get(`${node}/${operand}`) ?? id) };
  });
  const { shown, ...plain } = graph;
  return { ...plain, values, constants, nodes };
}
