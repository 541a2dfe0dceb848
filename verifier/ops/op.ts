import type { Draft } from "../graph/draft.ts";
import type { Attributes, Node, ValueId } from "../graph/graph.ts";
import type { Tensor, TensorData, TensorType } from "../tensor/tensor.ts";
import type { Arithmetic } from "./arithmetic.ts";

export type EvalContext = {
  readonly attributes: Attributes;
  readonly output: TensorType;
  readonly arithmetic: Arithmetic;
};

/** One entry of the op table. Every op file exports exactly these members, in this order. */
export type Op = {
  /** Type of the output, or `ShapeError`. */
  readonly infer: (inputs: readonly TensorType[], attributes: Attributes) => TensorType;
  /** The slow plain reference. Its loop order is the specification. */
  readonly eval: (inputs: readonly Tensor[], context: EvalContext) => TensorData;
  /** Emits the gradient of each input as graph nodes; null where there is none. */
  readonly vjp: (draft: Draft, node: Node, gradient: ValueId) => readonly (ValueId | null)[];
};
