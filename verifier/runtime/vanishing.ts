import { type Graph, type Node, type ValueId, valueAt } from "../graph/graph.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { MAX_FLOAT32, magnitudesOf } from "./magnitude.ts";

/** What a float can be instead of finite; as bits, so that a value may be both. */
const INFINITE = 1;
const NAN = 2;
const EITHER = INFINITE | NAN;
type Kinds = number;

/**
 * The values in which an infinity or a NaN may arise that is seen nowhere else: neither in a step's loss nor in the state that
 * a segment ends in. The first one of a run arises from finite operands; it is seen if it passes on, from operand to result and
 * from step to step, to something that is looked at. These values have to be.
 */
export function vanishingValues(graph: Graph): readonly ValueId[] {
  const bounds = magnitudesOf(graph);
  const states = graph.kind === "infer" ? [] : graph.stateInputs;
  // The largest solution: a state that passes on to itself until the segment ends is seen there.
  let carried = new Uint8Array(states.length).fill(EITHER);
  for (;;) {
    const { found, seen } = lookBack(graph, bounds, carried);
    const now = carried.map((kinds, i) => kinds & seen[states[i]!.value]!);
    if (now.every((kinds, i) => kinds === carried[i])) return found;
    carried = now;
  }
}

/** From the last node to the first: what is seen of each value, and which ones have to be looked at.
 * @param carried what the next step makes seen of each state */
function lookBack(graph: Graph, bounds: readonly number[], carried: Uint8Array) {
  const seen = new Uint8Array(graph.values.length);
  if (graph.loss !== null) seen[graph.loss] = EITHER;
  for (const [i, kinds] of carried.entries()) seen[graph.stateOutputs[i]!]! |= kinds;
  const found: ValueId[] = [];
  const alike = alikeColumns(graph);
  for (const node of graph.nodes.toReversed()) {
    if ((bornIn(node, bounds[node.output]!) & ~seen[node.output]!) !== 0) {
      found.push(node.output);
      seen[node.output] = EITHER;
    }
    for (const [operand, id] of node.inputs.entries())
      for (const kind of [INFINITE, NAN]) {
        const passed = passedOn(graph, node, operand, kind, alike);
        if (passed !== 0 && (passed & ~seen[node.output]!) === 0) seen[id]! |= kind;
      }
  }
  return { found: found.toReversed(), seen };
}

/** Products of which all columns are equal: sums are made so (`ops/sums.ts`), and one of their columns is used. */
function alikeColumns(graph: Graph): ReadonlySet<ValueId> {
  const even = new Set<ValueId>();
  for (const { value, bytes } of graph.constants) {
    const words = new Uint32Array(bytes.slice().buffer, 0, bytes.length >> 2);
    if (valueAt(graph, value).dtype === "float32" && words.every((word) => word === words[0])) even.add(value);
  }
  const products = graph.nodes.filter(({ op, inputs }) => op === "Gemm" && inputs.length === 2 && even.has(inputs[1]!));
  return new Set(products.map(({ output }) => output));
}

/** What a node can make of finite operands. */
function bornIn({ op }: Node, bound: number): Kinds {
  const overflow = bound > MAX_FLOAT32;
  switch (op) {
    case "Add":
    case "Sub":
    case "Mul":
    case "Exp":
      return overflow ? INFINITE : 0;
    case "Sqrt":
      return NAN;
    case "Log":
      return EITHER;
    case "Div": // 0/0
    case "MatMul": // of two partial sums
    case "Gemm":
    case "Conv":
    case "ConvTranspose":
    case "ReduceSum":
    case "ScatterElements":
      return overflow ? EITHER : 0;
    default:
      return 0;
  }
}

/** What an infinity or a NaN in an operand makes of some element of the result, whatever the others are; 0: maybe nothing. */
function passedOn(
  graph: Graph,
  { op, inputs, output }: Node,
  operand: number,
  kind: Kinds,
  alike: ReadonlySet<ValueId>,
): Kinds {
  const { dtype, shape } = valueAt(graph, inputs[operand]!);
  if (dtype !== "float32" || sizeOf(shape) === 0 || sizeOf(valueAt(graph, output).shape) === 0) return 0;
  const arithmetic = kind === NAN ? NAN : EITHER; // ∞ − ∞ and 0·∞ are NaN
  switch (op) {
    case "Neg":
    case "Abs":
    case "Reshape":
    case "Transpose":
    case "Expand":
    case "Concat":
    case "Pad":
      return kind;
    case "Add":
    case "Sub":
    case "Mul":
    case "Sqrt": // √−∞ is NaN
    case "MatMul":
    case "Gemm":
    case "ReduceSum":
      return arithmetic;
    case "Div": // 1/∞ is 0
      return operand === 0 || kind === NAN ? arithmetic : 0;
    case "ScatterElements":
      return operand === 1 ? 0 : arithmetic;
    case "Slice":
      return alike.has(inputs[0]!) && shape[0] === valueAt(graph, output).shape[0] ? kind : 0;
    case "Conv":
    case "ConvTranspose": // a stride may leave out what is not the bias
      return operand === 2 ? arithmetic : 0;
    default:
      return 0; // functions with limits, selections, comparisons, Cast
  }
}
