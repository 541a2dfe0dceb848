import { constant, type Draft, emit } from "../graph/draft.ts";
import { type ValueId, valueAt } from "../graph/graph.ts";
import { type DType, dtypes, float32, type Shape, sameShape } from "../tensor/tensor.ts";

/** One short word per primitive, for gradients, composites and models. */
export const add = (draft: Draft, a: ValueId, b: ValueId): ValueId => emit(draft, "Add", [a, b]);
export const sub = (draft: Draft, a: ValueId, b: ValueId): ValueId => emit(draft, "Sub", [a, b]);
export const mul = (draft: Draft, a: ValueId, b: ValueId): ValueId => emit(draft, "Mul", [a, b]);
export const div = (draft: Draft, a: ValueId, b: ValueId): ValueId => emit(draft, "Div", [a, b]);
export const neg = (draft: Draft, a: ValueId): ValueId => emit(draft, "Neg", [a]);
export const exp = (draft: Draft, a: ValueId): ValueId => emit(draft, "Exp", [a]);
export const log = (draft: Draft, a: ValueId): ValueId => emit(draft, "Log", [a]);
export const sqrt = (draft: Draft, a: ValueId): ValueId => emit(draft, "Sqrt", [a]);
export const tanh = (draft: Draft, a: ValueId): ValueId => emit(draft, "Tanh", [a]);
export const sigmoid = (draft: Draft, a: ValueId): ValueId => emit(draft, "Sigmoid", [a]);
export const erf = (draft: Draft, a: ValueId): ValueId => emit(draft, "Erf", [a]);
export const relu = (draft: Draft, a: ValueId): ValueId => emit(draft, "Relu", [a]);
export const equal = (draft: Draft, a: ValueId, b: ValueId): ValueId => emit(draft, "Equal", [a, b]);
export const less = (draft: Draft, a: ValueId, b: ValueId): ValueId => emit(draft, "Less", [a, b]);
export const greater = (draft: Draft, a: ValueId, b: ValueId): ValueId => emit(draft, "Greater", [a, b]);

export const where = (draft: Draft, condition: ValueId, a: ValueId, b: ValueId): ValueId =>
  emit(draft, "Where", [condition, a, b]);

export const scalar = (draft: Draft, value: number): ValueId => constant(draft, float32([], [value]));

export const shapeOf = (draft: Draft, id: ValueId): Shape => valueAt(draft, id).shape;

/** A chain of reshapes is one: only the last shape matters. */
export function reshape(draft: Draft, a: ValueId, shape: Shape): ValueId {
  const view = draft.nodes.findLast((node) => node.output === a && node.op === "Reshape");
  const base = view === undefined ? a : view.inputs[0]!;
  return sameShape(shapeOf(draft, base), shape) ? base : emit(draft, "Reshape", [base], { shape });
}

export const expand = (draft: Draft, a: ValueId, shape: Shape): ValueId =>
  sameShape(shapeOf(draft, a), shape) ? a : emit(draft, "Expand", [a], { shape });

export const transpose = (draft: Draft, a: ValueId, perm: readonly number[]): ValueId =>
  perm.every((axis, i) => axis === i) ? a : emit(draft, "Transpose", [a], { perm });

export const cast = (draft: Draft, a: ValueId, to: DType): ValueId =>
  valueAt(draft, a).dtype === to ? a : emit(draft, "Cast", [a], { to: dtypes[to].code });

/** Elements start … end − 1 of one axis, all of the others. */
export function sliceAxis(draft: Draft, a: ValueId, axis: number, start: number, end: number): ValueId {
  const shape = shapeOf(draft, a);
  return emit(draft, "Slice", [a], {
    starts: shape.map((_, i) => (i === axis ? start : 0)),
    ends: shape.map((dim, i) => (i === axis ? end : dim)),
    steps: shape.map(() => 1),
  });
}
