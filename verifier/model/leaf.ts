import { type Graph, type Node, type ValueId, valueAt } from "../graph/graph.ts";
import type { Bound } from "../ops/op.ts";
import { ops } from "../ops/table.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { LeafError } from "./errors.ts";
import { type Layout, operandLayouts } from "./layout.ts";

/** A run of elements that judging one element takes, in the order in which the contract reads them (P7.8). */
export type LeafRead = {
  /** Position among the node's operands: the encoded operand says at which place the root stands. */
  readonly operand: number;
  readonly value: ValueId;
  /** Read through this layout's root; null: through the value's own. */
  readonly layout: Layout | null;
  /** In elements of that order. */
  readonly start: number;
  readonly count: number;
};

export type Leaf = { readonly reads: readonly LeafRead[]; readonly bound: Bound };

/** Outputs of Reshape share their operand's bytes: there is nothing to judge. */
export const hasLeaf = (node: Node): boolean => ops[node.op].leaf !== null;

/**
 * Everything to judge `element` of a node's output against its claimed operands.
 * @param tensorAt claimed tensors of the node's operands, in their own order
 */
export function leafOf(graph: Graph, nodeIndex: number, element: number, tensorAt: (id: ValueId) => Tensor): Leaf {
  const { node, bound, types } = judgedNode(graph, nodeIndex, element);
  const operand = (i: number): Tensor => tensorAt(node.inputs[i]!);
  const reads = leafReads(graph, nodeIndex, element, (i, index) => operand(i).data[index]!);
  const terms = reads.map((read) => elementsOf(operand(read.operand), read));
  return { reads, bound: bound({ ...types, element, terms }) };
}

/**
 * What has to be read to judge it; throws `LeafError` for what has no leaf.
 * @param at one element of an operand, in its own order: some ops read where their data says
 */
export function leafReads(
  graph: Graph,
  nodeIndex: number,
  element: number,
  at: (operand: number, element: number) => number | bigint,
): readonly LeafRead[] {
  const { node, leaf, types } = judgedNode(graph, nodeIndex, element);
  const layouts = operandLayouts(graph, node);
  return leaf({ ...types, at }, element).map((read) => ({
    ...read,
    value: node.inputs[read.operand]!,
    layout: layouts[read.operand]!,
  }));
}

function judgedNode(graph: Graph, nodeIndex: number, element: number) {
  const node = graph.nodes[nodeIndex];
  if (node === undefined) throw new LeafError("a node of the graph", String(nodeIndex));
  const { bound, leaf } = ops[node.op];
  const output = valueAt(graph, node.output);
  if (bound === null || leaf === null) throw new LeafError("a node with a leaf", `${output.name} (${node.op})`);
  const size = sizeOf(output.shape);
  if (!(element >= 0 && element < size)) throw new LeafError(`an element below ${size}`, String(element));
  const types = { attributes: node.attributes, inputs: node.inputs.map((id) => valueAt(graph, id)), output };
  return { node, bound, leaf, types };
}

/** The elements of a read, found in the tensor's own order. */
export function elementsOf(
  tensor: Tensor,
  { layout, start, count }: Pick<LeafRead, "layout" | "start" | "count">,
): ArrayLike<number | bigint> {
  if (layout === null) return tensor.data.subarray(start, start + count);
  const { rows, cols } = layout;
  return Array.from({ length: count }, (_, k) => {
    const at = start + k; // in [batch, cols, rows]
    const matrix = Math.floor(at / (rows * cols));
    const within = at % (rows * cols);
    return tensor.data[matrix * rows * cols + (within % rows) * cols + Math.floor(within / rows)]!;
  });
}
