// An executor that lets every element it can lie at the end of what the tolerant profile allows that serves its aim.
import { legalResult, referenceResult, valuesBy } from "../../test/support/legal-steps.ts";
import { gradients } from "../../verifier/autodiff/backward.ts";
import { batchInput, type Draft } from "../../verifier/graph/draft.ts";
import { finish } from "../../verifier/graph/finish.ts";
import { type Graph, type OpName, type ValueId, valueAt } from "../../verifier/graph/graph.ts";
import { leafOf } from "../../verifier/model/leaf.ts";
import { add, mul } from "../../verifier/ops/build.ts";
import { isRight } from "../../verifier/ops/judge.ts";
import { total } from "../../verifier/ops/sums.ts";
import { newDraft } from "../../verifier/ops/table.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import { gemmAt } from "./gemm-window.ts";

/** Which nodes lie: those that give the parameters' gradients, or all to which their bound leaves freedom. */
export type Scope = "gradients" | "all";

/** Per parameter, in which direction its gradient should go. */
export type Aim = (state: readonly Tensor[]) => Promise<readonly Tensor[]>;

export type Adversary = {
  /** Of one step, by value id. */
  readonly values: (state: readonly Tensor[], batch: readonly Tensor[]) => Promise<Tensor[]>;
  readonly close: () => Promise<void>;
};

export type AdversaryOptions = {
  readonly graph: Graph;
  /** Values that hold the parameters' gradients. */
  readonly gradientIds: readonly ValueId[];
  readonly scope: Scope;
  readonly aim: Aim;
  /** Tolerances from the exact result; above 1 the challenger would object. */
  readonly times: number;
};

/** Ops whose bound leaves more than an underflow. */
const FREE: readonly OpName[] = ["Gemm", "ReduceSum", "Exp", "Log"];
/** Elements of each node and step that are judged exactly. */
const JUDGED = 2;

export async function openAdversary({ graph, gradientIds, scope, aim, times }: AdversaryOptions): Promise<Adversary> {
  const lying = graph.nodes
    .filter(({ op, output }) => (scope === "all" ? FREE.includes(op) : gradientIds.includes(output)))
    .map(({ output }) => output);
  const session = await onnxRuntime({ threads: 1 }).open(adjointOf(graph, gradientIds, lying));
  const result = (index: number, values: readonly Tensor[], direction: ArrayLike<number> | undefined) => {
    const { op, inputs, attributes, output } = graph.nodes[index]!;
    const operands = inputs.map((id) => values[id]!);
    if (op === "Gemm") return gemmAt(operands, attributes, valueAt(graph, output).shape, direction, times);
    if (direction === undefined || !Array.from(direction).some((way) => way !== 0))
      return referenceResult(graph, index, values);
    return legalResult(graph, index, values, ({ low, high }, element) => {
      const middle = (low + high) / 2;
      const way = Math.sign(direction[element]!);
      return way === 0
        ? Math.fround(middle)
        : way > 0
          ? middle + times * (high - middle)
          : middle - times * (middle - low);
    });
  };
  return {
    values: async (state, batch) => {
      const { state: directions } = await session.step(state, [...batch, ...(await aim(state))]);
      return valuesBy(graph, state, batch, (index, known) => {
        const at = lying.indexOf(graph.nodes[index]!.output);
        const data = result(index, known, at < 0 ? undefined : (directions[at]!.data as Float32Array));
        if (at >= 0 && times <= 1) judge(graph, index, known, data as Float32Array);
        return data;
      });
    },
    close: session.close,
  };
}

/** Throws where a lie is one that L1 would not let pass. */
function judge(graph: Graph, index: number, values: readonly Tensor[], data: Float32Array): void {
  for (let i = 0; i < JUDGED; i++) {
    const element = Math.floor((data.length - 1) / (i + 1));
    const { bound } = leafOf(graph, index, element, (id) => values[id]!);
    if (!isRight(bound, "tolerant", data[element]!))
      throw new Error(`${valueAt(graph, graph.nodes[index]!.output).name}, element ${element}: beyond its tolerance`);
  }
}

/**
 * How ⟨aim, gradients⟩ depends on each of the lying nodes' elements: the step's graph, differentiated once more.
 * Its batch has one tensor more per gradient, the aim.
 */
function adjointOf(graph: Graph, gradientIds: readonly ValueId[], lying: readonly ValueId[]): Graph {
  const draft: Draft = {
    ...newDraft(),
    values: graph.values.map((value) => ({ ...value, name: "" })),
    nodes: [...graph.nodes],
    constants: [...graph.constants],
    stateInputs: [...graph.stateInputs],
    batchInputs: [...graph.batchInputs],
  };
  const along = gradientIds.map((id, i) =>
    total(draft, mul(draft, id, batchInput(draft, `aim${i}`, valueAt(draft, id)))),
  );
  const served = along.reduce((sum, one) => add(draft, sum, one));
  return finish(draft, { kind: "infer", stateOutputs: gradients(draft, served, lying) });
}
