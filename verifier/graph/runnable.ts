import { bytesOf, type DType, zeros } from "../tensor/tensor.ts";
import { type Constant, type Graph, type Node, type Value, type ValueId, valueAt } from "./graph.ts";

/**
 * The graph as a runtime takes it: nodes in an order that can be executed, and zeros for what only a claim can say. Values that the
 * graph has keep their ids. What is computed from such zeros is no claim's: `Placement.unsure` says of which places. The zeros are
 * spread when they are read: a graph may name many large places that nobody writes.
 */
export function runnable(graph: Graph): Graph {
  if (graph.shown === undefined) return graph;
  const { open, order, cut } = graph.shown;
  const values: Value[] = [...graph.values];
  const constants: Constant[] = [...graph.constants];
  const spread: Node[] = [];
  const zeroOf = new Map<DType, ValueId>();
  const addZeros = (output: ValueId): void => {
    const { dtype, shape } = valueAt({ values }, output);
    const known = zeroOf.get(dtype);
    const zero = known ?? values.push({ name: `zero_${dtype}`, dtype, shape: [] }) - 1;
    if (known === undefined) constants.push({ value: zero, bytes: bytesOf(zeros({ dtype, shape: [] })) });
    zeroOf.set(dtype, zero);
    spread.push({ op: "Expand", attributes: { shape }, inputs: [zero], output });
  };
  for (const id of open) addZeros(id);
  const standIns = new Map<string, ValueId>();
  for (const { node, operand } of cut) {
    const { dtype, shape } = valueAt(graph, graph.nodes[node]!.inputs[operand]!);
    const id = values.push({ name: `cut_${values.length}`, dtype, shape }) - 1;
    addZeros(id);
    standIns.set(`${node}/${operand}`, id);
  }
  const nodes = order.map((node) => {
    const { inputs, ...rest } = graph.nodes[node]!;
    return { ...rest, inputs: inputs.map((id, operand) => standIns.get(`${node}/${operand}`) ?? id) };
  });
  const { shown, ...plain } = graph;
  return { ...plain, values, constants, nodes: [...spread, ...nodes] };
}
