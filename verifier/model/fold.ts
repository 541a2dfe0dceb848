import { constant, type Draft } from "../graph/draft.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import { binary32 } from "../ops/arithmetic.ts";
import { ops } from "../ops/table.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { constantIn } from "./onnx/tensors.ts";

/** Nodes of constants alone (the shape arithmetic of exporters): those from `mark` on are computed here and now. */
export function fold(draft: Draft, mark: number, inputs: readonly (ValueId | undefined)[], output: ValueId): ValueId {
  const fresh = draft.nodes.slice(mark);
  const known = inputs.every((id) => id === undefined || constantIn(draft, id) !== undefined);
  if (fresh.length === 0 || inputs.length === 0 || !known) return output;
  const values = new Map<ValueId, Tensor>();
  const tensorAt = (id: ValueId): Tensor => values.get(id) ?? constantIn(draft, id)!;
  for (const { op, attributes, inputs: operands, output: id } of fresh) {
    const { dtype, shape } = valueAt(draft, id);
    const context = { attributes, output: { dtype, shape }, arithmetic: binary32 };
    values.set(id, { dtype, shape, data: ops[op].eval(operands.map(tensorAt), context) });
  }
  draft.nodes.length = mark;
  const composite = draft.composites.findIndex(({ firstNode }) => firstNode >= mark);
  if (composite >= 0) draft.composites.length = composite;
  return constant(draft, tensorAt(output));
}
