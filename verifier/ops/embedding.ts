import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { cast, reshape, shapeOf } from "./build.ts";
import { product } from "./product.ts";

/** Rows of `table` [V, D] by integer ids of any shape: [...ids, D]. Its gradient is a scatter-add. */
export function embedding(draft: Draft, table: ValueId, ids: ValueId): ValueId {
  const shape = shapeOf(draft, ids);
  const flat = reshape(draft, cast(draft, ids, "int64"), [sizeOf(shape)]);
  const rows = emit(draft, "Gather", [table, flat], { axis: 0 });
  return reshape(draft, rows, [...shape, shapeOf(draft, table)[1]!]);
}

/** x [..., D] times weight [D, E] (its transpose [E, D] with `transB`), plus bias [E], as one two-dimensional product. */
export function linear(
  draft: Draft,
  x: ValueId,
  weight: ValueId,
  { bias, transB = false }: { bias?: ValueId; transB?: boolean } = {},
): ValueId {
  const shape = shapeOf(draft, x);
  const rows = reshape(draft, x, [sizeOf(shape.slice(0, -1)), shape.at(-1)!]);
  const y = product(draft, { a: rows, b: weight, transB, ...(bias === undefined ? {} : { bias }) });
  return reshape(draft, y, [...shape.slice(0, -1), shapeOf(draft, y)[1]!]);
}
