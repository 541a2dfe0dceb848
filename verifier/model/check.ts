import { type Graph, type Node, valueAt } from "../graph/graph.ts";
import type { Profile } from "../ops/judge.ts";
import { isLeading } from "../ops/reduce.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { UnsupportedModelError } from "./errors.ts";

/** Most gas that judging one element may take: a leaf must fit into one L1 transaction (16.7M gas, EIP-7825). */
export const MAX_LEAF_GAS = 12_000_000;

// Estimates from measured leaves, rounded up: `./anh bench gas` measures them again.
const BASE_GAS = 600_000;
const GAS_PER_STRICT_TERM = 800;
const GAS_PER_EXACT_TERM = 300;
/** One chunk of 256 elements: hashing, proof, calldata. */
const GAS_PER_TERM_READ = 180;

/**
 * The provability gate: every node must be judged by the profile it will be claimed under, in one transaction.
 * Otherwise an executor could lie there safely. Throws `UnsupportedModelError` by the node's name.
 */
export function checkGraph(graph: Graph, profile: Profile): void {
  for (const node of graph.nodes) {
    const { name } = valueAt(graph, node.output);
    if (profile === "strict") checkCanonical(graph, node, name);
    const gas = leafGas(graph, node, profile);
    if (gas > MAX_LEAF_GAS) {
      throw new UnsupportedModelError(name, `its leaf takes about ${gas} gas`, `Split it: at most ${MAX_LEAF_GAS}.`);
    }
  }
}

/** Estimated L1 gas to prove the worst element of a node's output wrong; 0 for an output without a leaf. */
export function leafGas(graph: Graph, node: Node, profile: Profile): number {
  if (node.op === "Reshape") return 0;
  const terms = termsOf(graph, node);
  const perTerm = profile === "strict" ? GAS_PER_STRICT_TERM : GAS_PER_EXACT_TERM;
  const operands = node.op === "Gemm" || node.op === "MatMul" ? 2 : 1;
  return BASE_GAS + terms * (perTerm + operands * GAS_PER_TERM_READ);
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
    case "ArgMax":
      return shape[node.attributes.axis as number]!;
    default:
      return 1;
  }
}

/** The forms whose summation order the runtime shares with the contract's replay. */
function checkCanonical(graph: Graph, node: Node, name: string): void {
  const output = valueAt(graph, node.output).shape;
  const { shape } = valueAt(graph, node.inputs[0]!);
  const hint = "Use the tolerant profile, or build the model with ANH's own layers.";
  if (node.op === "Max" || node.op === "Min") {
    throw new UnsupportedModelError(name, `${node.op} of zeros of both signs depends on their position`, hint);
  }
  if (node.op === "ReduceSum" && (!isLeading(node.attributes) || output.every((dim) => dim === 1))) {
    throw new UnsupportedModelError(name, `ReduceSum over inner axes of [${shape}] has no fixed order`, hint);
  }
  if (node.op === "Gemm") {
    const row = output[0] === 1 && node.attributes.transA !== 1;
    const column = output[1] === 1 && node.attributes.transB !== 1;
    if (row || column) throw new UnsupportedModelError(name, `Gemm of shape [${output}] has no fixed order`, hint);
  }
  if (node.op === "MatMul" && (output.at(-1) === 1 || output.at(-2) === 1)) {
    throw new UnsupportedModelError(name, `MatMul of shape [${output}] has no fixed order`, hint);
  }
}
