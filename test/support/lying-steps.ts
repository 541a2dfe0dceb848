// An executor's steps with one injected lie: everything else is the honest component, computing on from the lie.
import { type Graph, valueAt } from "../../verifier/graph/graph.ts";
import { leafOf } from "../../verifier/model/leaf.ts";
import { type LieAmount, lieOf, type Profile } from "../../verifier/ops/judge.ts";
import { stepOf } from "../../verifier/runtime/reference.ts";
import type { Runtime, SegmentResult } from "../../verifier/runtime/runtime.ts";
import { bytesOf, fromBytes, type Tensor, zeros } from "../../verifier/tensor/tensor.ts";
import type { Steps } from "../../verifier/trace/steps.ts";

export type Lie = {
  /** Step of the run. */
  readonly step: number;
  /** Index of the node whose output is falsified; it has a leaf (`listNodes`). */
  readonly node: number;
  /** Taken modulo the size of the output. */
  readonly element: number;
  readonly amount: LieAmount;
  /** Whose tolerance the amount counts. */
  readonly profile?: Profile;
};

/** Steps that falsify one element of one node's output in one step. No lie of that amount there: they stay honest. */
export async function lyingSteps(graph: Graph, runtime: Runtime, lie: Lie): Promise<Steps> {
  const node = graph.nodes[lie.node];
  if (node === undefined) throw new RangeError(`node ${lie.node} of ${graph.nodes.length}`);
  const honest = await runtime.open(graph);
  const onward = await runtime.open(cutAt(graph, lie.node));

  const values: Steps["values"] = async (step, state, batch, ids) => {
    if (step !== lie.step) return honest.values(state, batch, ids);
    const falsified = await falsify(state, batch);
    const computed = new Set(graph.nodes.map(({ output }) => output));
    const given = ids.filter((id) => !computed.has(id));
    const following = ids.filter((id) => computed.has(id) && id !== node.output);
    const found = [
      ...(await honest.values(state, batch, given)),
      ...(await onward.values(state, [...batch, falsified], following)),
    ];
    const order = [...given, ...following];
    return ids.map((id) => (id === node.output ? falsified : found[order.indexOf(id)]!));
  };

  const falsify = async (state: readonly Tensor[], batch: readonly Tensor[]): Promise<Tensor> => {
    const ids = [...new Set([...node.inputs, node.output])];
    const tensors = await honest.values(state, batch, ids);
    const tensorAt = (id: number): Tensor => tensors[ids.indexOf(id)]!;
    const output = tensorAt(node.output);
    const element = lie.element % output.data.length;
    const { bound } = leafOf(graph, lie.node, element, tensorAt);
    const claimed = lieOf(bound, output.dtype, output.data[element]!, lie.amount, lie.profile);
    const falsified = fromBytes(output, bytesOf(output));
    if (claimed !== undefined) falsified.data[element] = claimed;
    return falsified;
  };

  /** The lying step: state and loss that follow from the falsified element. */
  const lyingStep = async (state: readonly Tensor[], batch: readonly Tensor[]): Promise<SegmentResult> => {
    const losses = graph.loss === null ? [] : [graph.loss];
    const ends = await values(lie.step, state, batch, [...graph.stateOutputs, ...losses]);
    const loss = ends[graph.stateOutputs.length];
    return {
      state: ends.slice(0, graph.stateOutputs.length),
      losses: loss === undefined ? null : { ...loss, shape: [1, ...loss.shape] },
      suspect: false,
    };
  };

  return {
    values,
    segment: async (first, state, batches) => {
      const steps = batches[0]!.shape[0]!;
      const at = lie.step - first;
      if (at < 0 || at >= steps) return honest.segment(state, batches);
      const before = at === 0 ? null : await honest.segment(state, stepsOf(batches, 0, at));
      const now = await lyingStep(
        before?.state ?? state,
        batches.map((stacked) => stepOf(stacked, at)),
      );
      const after = at + 1 === steps ? null : await honest.segment(now.state, stepsOf(batches, at + 1, steps));
      const suspect = before?.suspect === true || after?.suspect === true;
      return { state: (after ?? now).state, losses: joined(graph, [before, now, after]), suspect };
    },
    close: async () => {
      await honest.close();
      await onward.close();
    },
  };
}

/** The graph with one node taken out and its output fed instead. Value ids stay those of `graph`. */
function cutAt(graph: Graph, index: number): Graph {
  const node = graph.nodes[index]!;
  return {
    ...graph,
    batchInputs: [...graph.batchInputs, node.output],
    nodes: graph.nodes.filter((_, i) => i !== index),
  };
}

const stepsOf = (batches: readonly Tensor[], from: number, to: number): Tensor[] =>
  batches.map(({ dtype, shape, data }) => {
    const size = data.length / shape[0]!;
    return { dtype, shape: [to - from, ...shape.slice(1)], data: data.slice(from * size, to * size) };
  });

function joined(graph: Graph, parts: readonly (SegmentResult | null)[]): Tensor | null {
  if (graph.loss === null) return null;
  const losses = parts.flatMap((part) => (part?.losses == null ? [] : [part.losses]));
  const steps = losses.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const all = zeros({ dtype: "float32", shape: [steps, ...valueAt(graph, graph.loss).shape] });
  let start = 0;
  for (const { data } of losses) {
    (all.data as Float32Array).set(data as Float32Array, start);
    start += data.length;
  }
  return all;
}
