import { type Draft, emit, rename, unusedName } from "../graph/draft.ts";
import { finish } from "../graph/finish.ts";
import { type Graph, type Node, type OpName, type ValueId, valueAt } from "../graph/graph.ts";
import { reopen } from "../graph/reopen.ts";
import { type Narrow, rounded } from "../ops/narrow.ts";
import { ops } from "../ops/table.ts";
import type { DType } from "../tensor/tensor.ts";
import { fold } from "./fold.ts";
import type { JobGraphs } from "./job.ts";
import type { ModelGraphs } from "./mlp.ts";
import { constantIn } from "./onnx/tensors.ts";

/** How many bits the factors of a network's products have; everything else is float32 in each. */
export const PRECISIONS = ["fp32", "tf32", "bf16", "fp16"] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A job's graphs in another precision (docs/numerics.md N9). Its start, state and weights stay as they are. */
export function inPrecision(graphs: ModelGraphs, precision: Precision): ModelGraphs;
export function inPrecision(graphs: JobGraphs, precision: Precision): JobGraphs;
export function inPrecision({ train, infer, evaluate }: JobGraphs, precision: Precision): JobGraphs {
  const of = (graph: Graph): Graph => graphInPrecision(graph, precision);
  return {
    train: { ...train, graph: of(train.graph) },
    infer: of(infer),
    evaluate: evaluate === null ? null : of(evaluate),
  };
}

export const graphInPrecision = (graph: Graph, precision: Precision): Graph =>
  precision === "fp32" ? graph : narrowed(graph, precision);

const PRODUCTS: readonly OpName[] = ["Conv", "ConvTranspose", "Gemm", "MatMul"];
/** What gives nothing but elements of its operands, and zeros: rounded before or behind is the same, and before is once. */
const MOVEMENTS: readonly OpName[] = ["Concat", "Expand", "Pad", "Reshape", "Resize", "Slice", "Transpose"];

/** The graph with both factors of each product rounded, every value once, wherever it is used. A bias is a summand: it stays. */
function narrowed(graph: Graph, format: Narrow): Graph {
  const { draft, ends } = reopen(graph, (op, inputs, attributes) => ops[op].infer(inputs, attributes));
  const producers = new Map(draft.nodes.map((node) => [node.output, node]));
  const round = rounder(draft, producers, format);
  for (const node of draft.nodes.splice(0)) {
    const [a, b, ...bias] = node.inputs as [ValueId, ValueId, ...ValueId[]];
    const isProduct = PRODUCTS.includes(node.op) && ![a, b].some((id) => isOnes(draft, producers, id));
    draft.nodes.push(isProduct ? { ...node, inputs: [round(a), round(b), ...bias] } : node);
  }
  return finish(draft, ends);
}

type Producers = ReadonlyMap<ValueId, Node>;

/** Sums are products with ones (`ops/sums.ts`): they stay float32's. */
function isOnes(draft: Draft, producers: Producers, id: ValueId): boolean {
  const node = producers.get(id);
  if (node?.op === "Reshape") return isOnes(draft, producers, node.inputs[0]!);
  return constantIn(draft, id)?.data.every((x) => x === 1) === true;
}

/** Gives the rounded value of a value of the graph. */
function rounder(draft: Draft, producers: Producers, format: Narrow): (id: ValueId) => ValueId {
  const known = new Map<ValueId, ValueId>();
  const round = (id: ValueId): ValueId => {
    const found = known.get(id) ?? make(id);
    known.set(id, found);
    return found;
  };
  const make = (id: ValueId): ValueId => {
    const node = producers.get(id);
    if (node?.op === "Cast" && HOLDING.includes(valueAt(draft, node.inputs[0]!).dtype)) return id;
    if (node === undefined || !MOVEMENTS.includes(node.op)) return fresh(draft, id, format);
    const inputs = node.inputs.map(round);
    return inputs.every((input, i) => input === node.inputs[i]) ? id : emit(draft, node.op, inputs, node.attributes);
  };
  return round;
}

/** What a Cast makes of them has 8 bits, as many as the narrowest format. */
const HOLDING: readonly DType[] = ["bool", "uint8"];

function fresh(draft: Draft, id: ValueId, format: Narrow): ValueId {
  const mark = draft.nodes.length;
  const output = rounded(draft, id, format);
  const folded = fold(draft, mark, [id], output);
  const { name } = valueAt(draft, id);
  if (folded === output && name !== "") rename(draft, output, unusedName(draft, `${name}.${format}`));
  return folded;
}
