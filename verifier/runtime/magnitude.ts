import { type Graph, type Node, type ValueId, valueAt } from "../graph/graph.ts";
import { type DType, fromBytes, sizeOf } from "../tensor/tensor.ts";

export const MAX_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;
/** For the roundings of sums: 8,192 terms are off by less than half of it (N3.1). What is rounded once needs none. */
const SLACK = 1 + 2 ** -10;
/** Above what Tanh, Sigmoid and Erf give, comparisons and bools. */
const ONE = 1 + 2 ** -20;

const OF_TYPE: Readonly<Record<DType, number>> = {
  float32: MAX_FLOAT32,
  uint8: 255,
  int32: 2 ** 31,
  int64: 2 ** 63,
  bool: 1,
};

/** Per value a bound on what its elements' magnitude could be in exact arithmetic, all other values being finite; beyond
 * `MAX_FLOAT32` it may overflow. */
export function magnitudesOf(graph: Graph): readonly number[] {
  const bounds: number[] = graph.values.map(({ dtype }) => OF_TYPE[dtype]);
  for (const { value } of graph.constants) bounds[value] = Math.max(0, ...extremesOf(graph, value));
  for (const node of graph.nodes) bounds[node.output] = boundOf(graph, node, bounds);
  return bounds;
}

function boundOf(graph: Graph, node: Node, bounds: readonly number[]): number {
  const { dtype } = valueAt(graph, node.output);
  const of = (operand: number): number => Math.min(bounds[node.inputs[operand]!] ?? 0, MAX_FLOAT32);
  const shapeAt = (operand: number) => valueAt(graph, node.inputs[operand]!).shape;
  if (dtype !== "float32" && node.op !== "Cast") return OF_TYPE[dtype];
  switch (node.op) {
    case "Cast":
      return Math.min(of(0), OF_TYPE[dtype]);
    case "Add":
    case "Sub":
      return of(0) + of(1);
    case "Mul":
      return of(0) * of(1);
    case "Div": {
      const [least] = extremesOf(graph, node.inputs[1]!);
      return least !== undefined && least > 0 ? of(0) / least : Number.POSITIVE_INFINITY;
    }
    case "Sqrt":
      return Math.sqrt(of(0));
    case "Exp":
      return of(0) <= 64 ? 2 ** 93 : Number.POSITIVE_INFINITY; // e⁶⁴ < 2⁹³
    case "Log":
      return Number.POSITIVE_INFINITY;
    case "Tanh":
    case "Sigmoid":
    case "Erf":
      return ONE;
    case "MatMul":
      return shapeAt(0).at(-1)! * of(0) * of(1) * SLACK;
    case "Gemm":
      return (shapeAt(0)[node.attributes.transA === 1 ? 0 : 1]! * of(0) * of(1) + of(2)) * SLACK;
    case "Conv":
    case "ConvTranspose":
      return (sizeOf(shapeAt(1)) * of(0) * of(1) + of(2)) * SLACK;
    case "ReduceSum":
      return sizeOf(shapeAt(0)) * of(0) * SLACK;
    case "ScatterElements":
      return (of(0) + sizeOf(shapeAt(2)) * of(2)) * SLACK;
    case "Where":
      return Math.max(of(1), of(2));
    case "Max":
    case "Min":
    case "Concat":
      return Math.max(...node.inputs.map((_, i) => of(i)));
    default:
      return of(0); // moved, selected or of the other sign
  }
}

/** Least and greatest magnitude of a constant's elements; nothing of what is no constant, or empty. */
function extremesOf(graph: Graph, id: ValueId): readonly [number, number] | readonly [] {
  const constant = graph.constants.find(({ value }) => value === id);
  if (constant === undefined) return [];
  const { dtype, shape } = valueAt(graph, id);
  let [least, greatest] = [Number.POSITIVE_INFINITY, 0];
  for (const element of fromBytes({ dtype, shape }, constant.bytes).data) {
    const magnitude = Math.abs(Number(element));
    least = Math.min(least, magnitude);
    greatest = Math.max(greatest, magnitude);
  }
  return least <= greatest ? [least, greatest] : [];
}
