import type { EncodedGraph } from "../../common/graph-encoding.ts";
import type { InitRule } from "../numerics/start-draw.ts";
import type { DType, Shape } from "../tensor/tensor.ts";

/** The primitives a committed graph may contain. Everything else is compiled to these when it is built or read:
 * Squeeze, Flatten, Identity, Reciprocal, Softmax, ReduceMean … are deliberately absent (`model/composites.ts`). */
export type OpName =
  | "Abs"
  | "Add"
  | "And"
  | "ArgMax"
  | "Cast"
  | "Concat"
  | "Conv"
  | "ConvTranspose"
  | "Div"
  | "Equal"
  | "Erf"
  | "Exp"
  | "Expand"
  | "Gather"
  | "GatherElements"
  | "Gemm"
  | "Greater"
  | "GreaterOrEqual"
  | "Less"
  | "LessOrEqual"
  | "Log"
  | "MatMul"
  | "Max"
  | "MaxPool"
  | "Min"
  | "Mul"
  | "Neg"
  | "Not"
  | "Or"
  | "Pad"
  | "ReduceMax"
  | "ReduceSum"
  | "Relu"
  | "Reshape"
  | "Resize"
  | "ScatterElements"
  | "Sigmoid"
  | "Slice"
  | "Sqrt"
  | "Sub"
  | "Tanh"
  | "Transpose"
  | "Where";

/** Index into `Graph.values`. */
export type ValueId = number;

export type Value = { readonly name: string; readonly dtype: DType; readonly shape: Shape };

/** Attributes are integers or lists of them: axes, shapes and bounds live here and not in constant inputs, so that
 * a node says all about itself. Floats never: a scale is a Mul by a constant. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** Every primitive has exactly one output. */
export type Node = {
  readonly op: OpName;
  readonly attributes: Attributes;
  readonly inputs: readonly ValueId[];
  readonly output: ValueId;
};

export type Constant = { readonly value: ValueId; readonly bytes: Uint8Array };

export type GraphKind = "train" | "infer" | "evaluate";

/** Source of a state input that starts as zeros instead of being one of the model's state tensors (P5.5). */
export const ZERO_SOURCE = 0xffffffff;

export type StateInput = {
  readonly value: ValueId;
  /** Index in the model's (training) state; for a training graph its own index. */
  readonly source: number;
  /** How it starts where a job has the start drawn; without it as the job's start root names it (P4.7). */
  readonly rule?: InitRule;
};

/**
 * What an encoding says that no graph has which anybody builds: L1 finds nothing false in it, so a claim about it must be judged
 * (docs/protocol.md P14.2). Only who reads a graph's leaves from L1 meets one (`model/shown.ts`).
 */
export type Shown = {
  readonly encoded: EncodedGraph;
  /** By value id: where its root stands. */
  readonly places: readonly { readonly place: number; readonly index: number }[];
  /** Values that are read and that no node writes: whatever a claim has there. They stand in no list of the graph. */
  readonly open: readonly ValueId[];
  /** Nodes in an order that can be executed but for `cut`. */
  readonly order: readonly number[];
  /** Operands that are read before anything can have written them, by node: nodes that read each other's outputs. */
  readonly cut: readonly { readonly node: number; readonly operand: number }[];
  /** The loss names a place that no leaf names: no metric can be held to it. */
  readonly hidesLoss: boolean;
};

/**
 * One step (train, evaluate) or one answer (infer) as plain data.
 * Value ids are canonical: state inputs, batch inputs, constants, then node outputs in node order.
 * Nodes are in an order that can be executed; of a graph that is `shown` only once `runnable` has put them into one.
 */
export type Graph = {
  readonly kind: GraphKind;
  readonly values: readonly Value[];
  readonly stateInputs: readonly StateInput[];
  readonly batchInputs: readonly ValueId[];
  /** The last batch inputs are no rows of the dataset but random masks: of each, keep (P4.6). */
  readonly masks: readonly number[];
  readonly constants: readonly Constant[];
  readonly nodes: readonly Node[];
  /** train, evaluate: one per state input, of the same type (a tensor that a step leaves alone is its own output);
   * infer: `y` alone. */
  readonly stateOutputs: readonly ValueId[];
  /** Training only. */
  readonly loss: ValueId | null;
  /** Its nodes are those of this encoding, behind them Reshapes that are in no encoding; undefined: `encodeGraph` says it all. */
  readonly shown?: Shown;
};

/** How many batch inputs are rows of dataset tensors; masks follow. */
export const datasetFeeds = (graph: Graph): number => graph.batchInputs.length - graph.masks.length;

export function valueAt(graph: { readonly values: readonly Value[] }, id: ValueId): Value {
  const value = graph.values[id];
  if (value === undefined) throw new RangeError(`value ${id} of ${graph.values.length}`);
  return value;
}
