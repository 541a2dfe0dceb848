import type { Draft } from "../graph/draft.ts";
import type { Attributes, Node, ValueId } from "../graph/graph.ts";
import type { Tolerance } from "../numerics/tolerance.ts";
import type { Tensor, TensorData, TensorType } from "../tensor/tensor.ts";
import type { Arithmetic } from "./arithmetic.ts";

export type EvalContext = {
  readonly attributes: Attributes;
  readonly output: TensorType;
  readonly arithmetic: Arithmetic;
};

/** Consecutive elements of an operand, in its reading layout where it has one (P5.4). */
export type Read = { readonly operand: number; readonly start: number; readonly count: number };

export type LeafContext = {
  readonly attributes: Attributes;
  readonly inputs: readonly TensorType[];
  readonly output: TensorType;
  /** One element of an operand, in its own order, for ops whose reads depend on data. */
  readonly at: (operand: number, element: number) => number | bigint;
};

export type BoundContext = {
  readonly attributes: Attributes;
  readonly inputs: readonly TensorType[];
  readonly output: TensorType;
  /** Which element of the output, by flat index. */
  readonly element: number;
  /** The elements of each read of `leaf`, in its order; operands are finite. */
  readonly terms: readonly ArrayLike<number | bigint>[];
};

/** What one output element may be, given its operands. */
export type Bound = {
  /** The one right value of the strict profile; null where no order reproduces the runtime (judged by tolerance). */
  readonly replay: (() => number | bigint) | null;
  /** What the tolerant profile accepts, undefined if no finite result is right; null where only `replay` is right. */
  readonly tolerance: (() => Tolerance | undefined) | null;
  /**
   * What the gpu column of the tolerant profile accepts: any of these, one per reading of denormal operands, floats as tolerances
   * and others as themselves. None: no finite result is right.
   */
  readonly gpu: () => readonly Accepted[];
};

export type Accepted = Tolerance | number | bigint;

/** One entry of the op table. Every op file exports exactly these members, in this order. */
export type Op = {
  /** Type of the output, or `ShapeError`. */
  readonly infer: (inputs: readonly TensorType[], attributes: Attributes) => TensorType;
  /** The slow plain reference. Its loop order is the specification. */
  readonly eval: (inputs: readonly Tensor[], context: EvalContext) => TensorData;
  /** Emits the gradient of each input as graph nodes; null where there is none. */
  readonly vjp: (draft: Draft, node: Node, gradient: ValueId) => readonly (ValueId | null)[];
  /** Judges one element against its operands; null: the output has no leaf. */
  readonly bound: ((context: BoundContext) => Bound) | null;
  /** What must be read to judge one element, in the order in which the contract reads it (P7.8). */
  readonly leaf: ((context: LeafContext, element: number) => readonly Read[]) | null;
};
