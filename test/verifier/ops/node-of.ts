import { batchInput, emit } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, Graph, OpName } from "../../../verifier/graph/graph.ts";
import { checkGraph } from "../../../verifier/model/check.ts";
import { UnsupportedModelError } from "../../../verifier/model/errors.ts";
import type { Profile } from "../../../verifier/ops/judge.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import type { TensorType } from "../../../verifier/tensor/tensor.ts";

/** A graph of one node, its operands fed. */
export const nodeOf = (op: OpName, operands: readonly TensorType[], attributes: Attributes): Graph =>
  nodesOf(op, [{ operands, attributes }]);

/** One node per case, side by side. */
export function nodesOf(
  op: OpName,
  cases: readonly { readonly operands: readonly TensorType[]; readonly attributes: Attributes }[],
): Graph {
  const draft = newDraft();
  const ids = cases.map(({ operands }, i) =>
    operands.map((operand, j) => batchInput(draft, `operand${i}_${j}`, operand)),
  );
  const outputs = cases.map(({ attributes }, i) => emit(draft, op, ids[i]!, attributes, `tested${i}`));
  return finish(draft, { kind: "infer", stateOutputs: outputs });
}

/** Whether the gate lets jobs of the profile hold such nodes. */
export function isAllowed(graph: Graph, profile: Profile): boolean {
  try {
    checkGraph(graph, profile);
    return true;
  } catch (error) {
    if (error instanceof UnsupportedModelError) return false;
    throw error;
  }
}
