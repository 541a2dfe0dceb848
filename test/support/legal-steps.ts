// A *legal executor*: every element of every node is some value that the tolerant profile allows, given what was picked
// before. Whatever machine an honest executor has, this one does at least as badly, and must never lose.
import { type Graph, type ValueId, valueAt } from "../../verifier/graph/graph.ts";
import { hasLeaf, leafOf } from "../../verifier/model/leaf.ts";
import { binary32 } from "../../verifier/ops/arithmetic.ts";
import { ops } from "../../verifier/ops/table.ts";
import { evaluate, stepOf } from "../../verifier/runtime/reference.ts";
import { type Tensor, type TensorData, zeros } from "../../verifier/tensor/tensor.ts";
import type { Steps } from "../../verifier/trace/steps.ts";
import { gpuWindows, legalWindow, pickedFrom, type Window } from "./legal-window.ts";
import { uniform } from "./tensors.ts";

/** What a node gives, its operands being among `values` by their ids. */
export type ResultOf = (node: number, values: readonly Tensor[]) => TensorData;

/** Every value of one step, node by node. */
export function valuesBy(
  graph: Graph,
  state: readonly Tensor[],
  batch: readonly Tensor[],
  resultOf: ResultOf,
): Tensor[] {
  const values = evaluate({ ...graph, nodes: [] }, state, batch);
  for (const [index, { output }] of graph.nodes.entries()) {
    const { dtype, shape } = valueAt(graph, output);
    values[output] = { dtype, shape, data: resultOf(index, values) };
  }
  return values;
}

/** What the reference gives. */
export function referenceResult(graph: Graph, index: number, values: readonly Tensor[]): TensorData {
  const node = graph.nodes[index]!;
  const { dtype, shape } = valueAt(graph, node.output);
  const inputs = node.inputs.map((id) => values[id]!);
  return ops[node.op].eval(inputs, {
    attributes: node.attributes,
    output: { dtype, shape },
    arithmetic: binary32,
  });
}

/** The reference's result with every float replaced by one of its window. */
export function legalResult(
  graph: Graph,
  index: number,
  values: readonly Tensor[],
  pick: (window: Window, element: number) => number,
): TensorData {
  const data = referenceResult(graph, index, values);
  if (!hasLeaf(graph.nodes[index]!)) return data;
  for (let element = 0; element < data.length; element++) {
    const window = legalWindow(leafOf(graph, index, element, (id) => values[id]!).bound);
    if (window !== undefined) data[element] = pick(ofOneSign(window, data[element] as number), element);
  }
  return data;
}

/** The reference's result with every element replaced by one that the gpu column allows, by any reading of its operands. */
export function legalGpuResult(
  graph: Graph,
  index: number,
  values: readonly Tensor[],
  random: () => number,
): TensorData {
  const data = referenceResult(graph, index, values);
  if (!hasLeaf(graph.nodes[index]!)) return data;
  for (let element = 0; element < data.length; element++) {
    const choices = gpuWindows(leafOf(graph, index, element, (id) => values[id]!).bound);
    const choice = choices[Math.floor(random() * choices.length)];
    if (typeof choice === "object") data[element] = pickedFrom(ofOneSign(choice, data[element] as number), random);
    else if (choice !== undefined) data[element] = choice;
  }
  return data;
}

/**
 * Among denormals and up to 2⁻¹²⁶, the sign that the reference gives. The bounds let a square be −2⁻¹⁴⁹ or −2⁻¹²⁶, of which the
 * root is no number: who claims that has nothing to claim next, and no machine computes it.
 */
const ofOneSign = ({ low, high }: Window, reference: number): Window => ({
  low: reference >= 0 && low < 0 && isTiny(low) ? 0 : low,
  high: reference <= 0 && high > 0 && isTiny(high) ? 0 : high,
});

const isTiny = (value: number): boolean => Math.abs(value) <= 2 ** -126;

/** Random picks, the same whenever a step is computed again: a claimant must reproduce its own bits. */
export function legalSteps(graph: Graph, seed: number, column: "cpu" | "gpu" = "cpu"): Steps {
  const compute = (step: number, state: readonly Tensor[], batch: readonly Tensor[]): Tensor[] =>
    valuesBy(graph, state, batch, (index, values) => {
      const random = uniform((seed * 1009 + step) * 100_003 + index);
      if (column === "gpu") return legalGpuResult(graph, index, values, random);
      return legalResult(graph, index, values, (window) => pickedFrom(window, random));
    });
  const at = (values: readonly Tensor[], ids: readonly ValueId[]) => ids.map((id) => values[id]!);
  return {
    values: async (step, state, batch, ids) => at(compute(step, state, batch), ids),
    segment: async (first, state, batches) => {
      const steps = batches[0]!.shape[0]!;
      const { loss } = graph;
      const losses = loss === null ? null : zeros({ dtype: "float32", shape: [steps, ...valueAt(graph, loss).shape] });
      let current = state;
      for (let t = 0; t < steps; t++) {
        const values = compute(
          first + t,
          current,
          batches.map((stacked) => stepOf(stacked, t)),
        );
        current = at(values, graph.stateOutputs);
        if (losses !== null) {
          const { data } = values[loss!]!;
          (losses.data as Float32Array).set(data as Float32Array, t * data.length);
        }
      }
      return { state: current, losses, suspect: false };
    },
    close: async () => {},
  };
}
