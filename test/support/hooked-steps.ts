// An executor's steps by the slow reference, with a hook behind each node: what it changes, later nodes are computed from.
import type { Graph } from "../../verifier/graph/graph.ts";
import { valueAt } from "../../verifier/graph/graph.ts";
import { total } from "../../verifier/ops/arithmetic.ts";
import { ops } from "../../verifier/ops/table.ts";
import { stepOf } from "../../verifier/runtime/reference.ts";
import { fromBytes, type Tensor } from "../../verifier/tensor/tensor.ts";
import type { Steps } from "../../verifier/trace/steps.ts";

/** Changes what a node of a step gives, in place. */
export type Hook = (at: { readonly step: number; readonly node: number }, output: Tensor) => void;

export function hookedSteps(graph: Graph, hook: Hook): Steps {
  const evaluate = (step: number, state: readonly Tensor[], batch: readonly Tensor[]): Tensor[] => {
    const values: Tensor[] = [];
    for (const [i, { value }] of graph.stateInputs.entries()) values[value] = state[i]!;
    for (const [i, value] of graph.batchInputs.entries()) values[value] = batch[i]!;
    for (const { value, bytes } of graph.constants) values[value] = fromBytes(valueAt(graph, value), bytes);
    for (const [index, node] of graph.nodes.entries()) {
      const { dtype, shape } = valueAt(graph, node.output);
      const inputs = node.inputs.map((id) => values[id]!);
      const context = { attributes: node.attributes, output: { dtype, shape }, arithmetic: total };
      const data = ops[node.op].eval(inputs, context).slice();
      values[node.output] = { dtype, shape, data };
      hook({ step, node: index }, values[node.output]!);
    }
    return values;
  };
  return {
    values: async (step, state, batch, ids) => {
      const values = evaluate(step, state, batch);
      return ids.map((id) => values[id]!);
    },
    segment: async (first, state, batches) => {
      const steps = batches[0]!.shape[0]!;
      let current = state;
      const losses: number[] = [];
      for (let i = 0; i < steps; i++) {
        const batch = batches.map((stacked) => stepOf(stacked, i));
        const values = evaluate(first + i, current, batch);
        current = graph.stateOutputs.map((id) => values[id]!);
        if (graph.loss !== null) losses.push(Number(values[graph.loss]!.data[0]));
      }
      const shape = graph.loss === null ? [] : [steps, ...valueAt(graph, graph.loss).shape];
      return {
        state: current,
        losses: graph.loss === null ? null : { dtype: "float32", shape, data: Float32Array.from(losses) },
        suspect: true,
      };
    },
    close: async () => {},
  };
}
