import { type Graph, type ValueId, valueAt } from "../graph/graph.ts";
import { type Arithmetic, binary32 } from "../ops/arithmetic.ts";
import { ops } from "../ops/table.ts";
import { fromBytes, sizeOf, type Tensor, zeros } from "../tensor/tensor.ts";
import { checkFeeds, checkSegment } from "./feeds.ts";
import type { Runtime, Session } from "./runtime.ts";

/** Every value of one step, by value id, from the reference semantics of the op table. */
export function evaluate(
  graph: Graph,
  state: readonly Tensor[],
  batch: readonly Tensor[],
  arithmetic: Arithmetic = binary32,
): Tensor[] {
  const values: Tensor[] = [];
  for (const [i, { value }] of graph.stateInputs.entries()) values[value] = state[i]!;
  for (const [i, value] of graph.batchInputs.entries()) values[value] = batch[i]!;
  for (const { value, bytes } of graph.constants) values[value] = fromBytes(valueAt(graph, value), bytes);
  for (const node of graph.nodes) {
    const { dtype, shape } = valueAt(graph, node.output);
    const output = { dtype, shape };
    const inputs = node.inputs.map((id) => values[id]!);
    const data = ops[node.op].eval(inputs, { attributes: node.attributes, output, arithmetic });
    values[node.output] = { ...output, data };
  }
  return values;
}

/** The slow plain runtime: what every other one is compared with. */
export const referenceRuntime: Runtime = {
  name: "reference",
  open: async (graph) => openReference(graph),
};

export function openReference(graph: Graph, arithmetic: Arithmetic = binary32): Session {
  const pick = (values: readonly Tensor[], ids: readonly ValueId[]) => ids.map((id) => values[id]!);
  const step: Session["step"] = async (state, batch) => {
    checkFeeds(graph, state, batch);
    const values = evaluate(graph, state, batch, arithmetic);
    return { state: pick(values, graph.stateOutputs), loss: graph.loss === null ? null : values[graph.loss]! };
  };
  return {
    step,
    values: async (state, batch, ids) => {
      checkFeeds(graph, state, batch);
      return pick(evaluate(graph, state, batch, arithmetic), ids);
    },
    segment: async (state, batches) => {
      const steps = checkSegment(graph, state, batches);
      const losses =
        graph.loss === null ? null : zeros({ dtype: "float32", shape: [steps, ...valueAt(graph, graph.loss).shape] });
      let current = state;
      let suspect = false;
      for (let t = 0; t < steps; t++) {
        const batch = batches.map((stacked) => stepOf(stacked, t));
        const values = evaluate(graph, current, batch, arithmetic);
        current = pick(values, graph.stateOutputs);
        suspect ||= graph.nodes.some(({ output }) => !allFinite(values[output]!));
        const loss = graph.loss === null ? [] : (values[graph.loss]!.data as Float32Array);
        if (losses !== null) (losses.data as Float32Array).set(loss, t * loss.length);
      }
      return { state: current, losses, suspect };
    },
    close: async () => {},
  };
}

const allFinite = ({ dtype, data }: Tensor): boolean =>
  dtype !== "float32" || (data as Float32Array).every((element) => Number.isFinite(element));

/** Step t's part of a tensor with a leading axis of steps. */
export function stepOf(stacked: Tensor, t: number): Tensor {
  const shape = stacked.shape.slice(1);
  const size = sizeOf(shape);
  return { dtype: stacked.dtype, shape, data: stacked.data.slice(t * size, (t + 1) * size) };
}
