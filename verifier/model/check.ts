import { type Graph, type Node, type OpName, type ValueId, valueAt } from "../graph/graph.ts";
import type { Profile } from "../ops/judge.ts";
import { isLeading } from "../ops/reduce.ts";
import { dtypes, type Shape, sizeOf } from "../tensor/tensor.ts";
import { UnsupportedModelError } from "./errors.ts";
import { hasLeaf } from "./leaf.ts";

/** Most gas that judging one element may take: a leaf must fit into one L1 transaction (16.7M gas, EIP-7825). */
export const MAX_LEAF_GAS = 12_000_000;
/** Most terms that the contracts add up for one element (docs/numerics.md N5.3). */
export const MAX_LEAF_TERMS = 8_192;
/** Most bytes of operands that one leaf may read: L1 nodes pass on transactions of up to 128 KiB, proofs included. */
export const MAX_LEAF_BYTES = 120_000;

// Out of test/snapshots/gas-leaves.json, which test/verifier/model/leaf-gas.test.ts holds them to. A term's gas is the slope
// between `gemm-784` and `gemm-128` (685 strict, 385 tolerant) and between `reduce-max-2048` and `reduce-max-10` (205); the
// base is above the dearest leaf without terms to speak of (`mul`, 446,433), with room for the proofs of larger tensors.
const BASE_GAS = 600_000;
const GAS_PER_TERM = { strict: 700, tolerant: 400 } as const;
const GAS_PER_COMPARED = 210;

/**
 * The provability gate: every node must be judged by the profile it will be claimed under, in one transaction.
 * Otherwise an executor could lie there safely. Throws `UnsupportedModelError` by the node's name.
 */
export function checkGraph(graph: Graph, profile: Profile): void {
  const [first] = unprovableNodes(graph, profile);
  if (first !== undefined) throw first;
}

/** Every node that the gate refuses. */
export const unprovableNodes = (graph: Graph, profile: Profile): UnsupportedModelError[] =>
  graph.nodes.flatMap((node) => refusalOf(graph, node, profile) ?? []);

function refusalOf(graph: Graph, node: Node, profile: Profile): UnsupportedModelError | undefined {
  const { name } = valueAt(graph, node.output);
  const disorder = profile === "strict" ? disorderOf(graph, node) : undefined;
  if (disorder !== undefined)
    return new UnsupportedModelError(
      name,
      disorder,
      "Use the tolerant profile, or build the model with ANH's own layers.",
    );
  const gas = leafGas(graph, node, profile);
  if (gas > MAX_LEAF_GAS)
    return new UnsupportedModelError(name, `its leaf takes about ${gas} gas`, `Split it: at most ${MAX_LEAF_GAS}.`);
  const terms = termsOf(graph, node);
  if (SUMMING.includes(node.op) && terms > MAX_LEAF_TERMS)
    return new UnsupportedModelError(name, `its leaf adds ${terms} terms`, `Split it: at most ${MAX_LEAF_TERMS}.`);
  const bytes = leafBytes(graph, node);
  if (bytes > MAX_LEAF_BYTES)
    return new UnsupportedModelError(name, `its leaf reads ${bytes} bytes`, `Split it: at most ${MAX_LEAF_BYTES}.`);
  return undefined;
}

const SUMMING: readonly OpName[] = ["Conv", "ConvTranspose", "Gemm", "MatMul", "ReduceSum", "ScatterElements"];

/** Estimated L1 gas to prove the worst element of a node's output wrong; 0 for an output without a leaf. */
export function leafGas(graph: Graph, node: Node, profile: Profile): number {
  if (!hasLeaf(node)) return 0;
  return BASE_GAS + termsOf(graph, node) * gasPerTerm(node, profile);
}

function gasPerTerm(node: Node, profile: Profile): number {
  switch (node.op) {
    case "ReduceMax":
    case "ArgMax":
    case "MaxPool":
      return GAS_PER_COMPARED;
    case "ScatterElements":
      // Every index is compared, and all of them may name one row.
      return GAS_PER_TERM[profile] + GAS_PER_COMPARED;
    default:
      return GAS_PER_TERM[profile];
  }
}

/** The operands of which a leaf reads one element per term. */
function readAlong(node: Node): readonly ValueId[] {
  if (node.op === "ScatterElements") return node.inputs.slice(1);
  return node.op === "Gemm" || node.op === "MatMul" ? node.inputs.slice(0, 2) : node.inputs.slice(0, 1);
}

/** Bytes of the operands' elements that the leaf of one element shows to L1. */
function leafBytes(graph: Graph, node: Node): number {
  if (node.op === "Conv" || node.op === "ConvTranspose") return convLeafBytes(graph, node);
  const elementBytes = readAlong(node).reduce((sum, id) => sum + dtypes[valueAt(graph, id).dtype].bytes, 0);
  return hasLeaf(node) ? termsOf(graph, node) * elementBytes : 0;
}

/** What one opening adds to its elements: the rest of the chunks at both ends, and proofs. */
const OPENING_BYTES = 2_700;

/** Whole rows of the window, with the channels of all groups between its first and last position, and one filter. */
function convLeafBytes(graph: Graph, node: Node): number {
  const [x, w] = node.inputs.map((id) => valueAt(graph, id).shape) as [Shape, Shape];
  const [rows, columns] = w.slice(2) as [number, number];
  const [, across] = node.attributes.dilations as readonly [number, number];
  const positions = node.op === "Conv" ? (columns - 1) * across + 1 : columns;
  return 4 * (rows * positions * x[1]! + termsOf(graph, node)) + rows * OPENING_BYTES;
}

/** Operations on the way to one element. */
function termsOf(graph: Graph, node: Node): number {
  const { shape } = valueAt(graph, node.inputs[0]!);
  switch (node.op) {
    case "Gemm":
      return shape[node.attributes.transA === 1 ? 0 : 1]!;
    case "MatMul":
      return shape.at(-1)!;
    case "ReduceSum":
    case "ReduceMax":
      return sizeOf((node.attributes.axes as readonly number[]).map((axis) => shape[axis]!));
    case "ScatterElements":
      return valueAt(graph, node.inputs[1]!).shape[0]!;
    case "Conv":
      return sizeOf(valueAt(graph, node.inputs[1]!).shape.slice(1));
    case "ConvTranspose":
      return (shape[1]! / (node.attributes.group as number)) * sizeOf(valueAt(graph, node.inputs[1]!).shape.slice(2));
    case "MaxPool":
      return sizeOf(node.attributes.kernel_shape as readonly number[]);
    case "ArgMax":
      return shape[node.attributes.axis as number]!;
    default:
      return 1;
  }
}

/** Why no order of summation is shared by the runtime and the contract's replay; undefined where one is. */
function disorderOf(graph: Graph, node: Node): string | undefined {
  const output = valueAt(graph, node.output).shape;
  const { shape } = valueAt(graph, node.inputs[0]!);
  if (node.op === "Max" || node.op === "Min") return `${node.op} of zeros of both signs depends on their position`;
  if (node.op === "ReduceSum" && (!isLeading(node.attributes) || output.every((dim) => dim === 1)))
    return `ReduceSum over inner axes of [${shape}] has no fixed order`;
  if (node.op === "Gemm") {
    const row = output[0] === 1 && node.attributes.transA !== 1;
    const column = output[1] === 1 && node.attributes.transB !== 1;
    if (row || column) return `Gemm of shape [${output}] has no fixed order`;
  }
  if (node.op === "Conv" && (sizeOf(output.slice(2)) === 1 || output[1] === node.attributes.group))
    return `Conv of shape [${output}] has no fixed order`;
  if (node.op === "ConvTranspose" && sizeOf(shape.slice(2)) === 1)
    return `ConvTranspose of [${shape}] has no fixed order`;
  if (node.op === "MatMul" && (output.at(-1) === 1 || output.at(-2) === 1))
    return `MatMul of shape [${output}] has no fixed order`;
  return undefined;
}
