import type { Graph, Node, OpName, Value, ValueId } from "../graph/graph.ts";
import { valueAt } from "../graph/graph.ts";

/**
 * The graph with every node cut off from the others: each reads the *claimed* value of its operands from an input and
 * gives its own result. One run judges all nodes of a step at once, each by itself.
 */
export type Isolated = {
  readonly graph: Graph;
  /** Value of the original graph that each batch input stands for: all that its nodes read but constants. */
  readonly inputs: readonly ValueId[];
  /** Per node of the original that is in it: the value of `graph` that holds its result. */
  readonly results: readonly ValueId[];
  /** Per node: the sum of the absolute values of its terms, for nodes that are dot products or sums; else null. */
  readonly magnitudes: readonly (ValueId | null)[];
};

const SUMS: readonly OpName[] = ["Gemm", "MatMul", "ReduceSum"];

/** @param only nodes to cut out; the others are not in it, nor what nothing of it reads */
export function isolate(original: Graph, only: readonly number[] = [...original.nodes.keys()]): Isolated {
  const read = new Set(only.flatMap((node) => original.nodes[node]!.inputs));
  const kept = original.constants.filter(({ value }) => read.has(value));
  const constants = new Set(original.constants.map(({ value }) => value));
  const inputs = original.values.map((_, id) => id).filter((id) => read.has(id) && !constants.has(id));
  const order = [...inputs, ...kept.map(({ value }) => value)];
  const moved = new Map(order.map((old, id) => [old, id]));
  const values: Value[] = order.map((id) => {
    const value = valueAt(original, id);
    return constants.has(id) ? value : { ...value, name: `claimed_${value.name}` };
  });
  const nodes: Node[] = [];
  const emit = (node: Omit<Node, "output">, value: Value, name: string): ValueId => {
    const output = values.push({ ...value, name }) - 1;
    nodes.push({ ...node, output });
    return output;
  };

  const results: ValueId[] = [];
  const magnitudes: (ValueId | null)[] = [];
  for (const at of only) {
    const node = original.nodes[at]!;
    const operands = node.inputs.map((id) => moved.get(id)!);
    const output = valueAt(original, node.output);
    results[at] = emit({ ...node, inputs: operands }, output, `own_${output.name}`);
    magnitudes[at] = null;
    if (!SUMS.includes(node.op)) continue;
    const absolute = operands.map((id, i) =>
      emit({ op: "Abs", attributes: {}, inputs: [id] }, values[id]!, `abs${i}_${output.name}`),
    );
    magnitudes[at] = emit({ ...node, inputs: absolute }, output, `sum_${output.name}`);
  }
  return {
    inputs,
    results,
    magnitudes,
    graph: {
      kind: "infer",
      values,
      stateInputs: [],
      batchInputs: inputs.map((_, i) => i),
      masks: [],
      constants: kept.map(({ value, bytes }) => ({ value: moved.get(value)!, bytes })),
      nodes,
      stateOutputs: only.map((node) => results[node]!),
      loss: null,
    },
  };
}
