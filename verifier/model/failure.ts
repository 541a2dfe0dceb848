import { PLACE } from "../../common/graph-encoding.ts";
import type { Graph, OpName, ValueId } from "../graph/graph.ts";
import { strictResult } from "../ops/judge.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { hasLeaf, leafOf } from "./leaf.ts";
import { isInParts } from "./parts.ts";
import type { Placement } from "./placement.ts";

/** The element that a failed run has no result of (P15). */
export type FailedElement = { readonly node: number; readonly element: number };

/** A result of an element that would be right given its operands; undefined if none is, so that it fails. */
export const resultFor = (
  graph: Graph,
  { node, element }: FailedElement,
  tensorAt: (id: ValueId) => Tensor,
): number | bigint | undefined => strictResult(leafOf(graph, node, element, tensorAt).bound);

/** They fail by the size of their operands alone, which the freedom that loose ones have does not change much. */
const BY_SIZE: readonly OpName[] = ["Add", "Sub", "Mul", "MatMul", "Gemm", "ReduceSum"];

/** Whether that an element of the node fails can be claimed (P15.1; contracts/libraries/Failures.sol decides alike). */
export function canFail(graph: Graph, { places }: Pick<Placement, "places">, node: number): boolean {
  const { op, inputs } = graph.nodes[node]!;
  const isLoose = (id: ValueId) => places[id]!.place === PLACE.loose;
  if (!hasLeaf(graph.nodes[node]!) || isInParts(graph, graph.nodes[node]!)) return false;
  return BY_SIZE.includes(op) || !inputs.some(isLoose);
}
