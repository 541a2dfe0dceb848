import { type Graph, type Node, type OpName, valueAt } from "../graph/graph.ts";
import type { Profile } from "../ops/judge.ts";
import { isLeading } from "../ops/reduce.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { UnsupportedModelError } from "./errors.ts";
import { hasLeaf } from "./leaf.ts";
import { isInParts, MAX_PARTS, PART_TERMS, productTerms } from "./parts.ts";
import { proofSizes } from "./proof-size.ts";
import { termsOf } from "./worst-reads.ts";

/** Most gas that judging one element may take: a leaf must fit into one L1 transaction (16.7M gas, EIP-7825). */
export const MAX_LEAF_GAS = 12_000_000;
/** Most terms of an element: of a product in parts (P7.10), of other sums in one proof (docs/numerics.md N5.3). */
export const MAX_PRODUCT_TERMS = PART_TERMS * MAX_PARTS;
export const MAX_LEAF_TERMS = PART_TERMS;
/** Most bytes of a transaction that proves one element wrong: L1's nodes pass on no larger ones (128 KiB, envelope included). */
export const MAX_PROOF_BYTES = 131_072;

// contracts/libraries/graph/NodeGate.sol has the same numbers: what is refused here voids a job there (P5.12).
// Out of test/snapshots/gas-leaves.json, which test/verifier/model/leaf-gas.test.ts holds them to. A term's gas is the slope
// between `gemm-784` and `gemm-128` (685 strict, 385 tolerant) and between `reduce-max-2048` and `reduce-max-10` (205); the
// base is above the dearest leaf without terms to speak of (`mul`, 373,551), with room for the proofs of larger tensors.
const BASE_GAS = 490_000;
// The gpu column looks at terms with a denormal factor one by one, which may be all of them (`gemm-784-tolerant-gpu-denormal`).
const GAS_PER_TERM = { strict: 700, tolerant: 400, "tolerant-gpu": 1000 } as const;
const GAS_PER_COMPARED = 210;
/** Each row of a window is an opening of its own. */
const GAS_PER_WINDOW_ROW = 30_000;

/**
 * The provability gate: every node must be judged by the profile it will be claimed under, in one transaction.
 * Otherwise an executor could lie there safely. Throws `UnsupportedModelError` by the node's name.
 */
export function checkGraph(graph: Graph, profile: Profile): void {
  const [first] = unprovableNodes(graph, profile);
  if (first !== undefined) throw first;
}

/** Every node that the gate refuses. */
export function unprovableNodes(graph: Graph, profile: Profile): UnsupportedModelError[] {
  const sizeOfProof = proofSizes(graph);
  return graph.nodes.flatMap((node, index) => refusalOf(graph, node, profile, () => sizeOfProof(index)) ?? []);
}

function refusalOf(
  graph: Graph,
  node: Node,
  profile: Profile,
  proofBytes: () => number,
): UnsupportedModelError | undefined {
  const { name } = valueAt(graph, node.output);
  const disorder = profile === "strict" ? disorderOf(graph, node) : undefined;
  if (disorder !== undefined)
    return new UnsupportedModelError(
      name,
      disorder,
      "Use the tolerant profile, or build the model with ANH's own layers.",
    );
  const dear = excessOf(graph, node, profile, proofBytes);
  return dear === undefined ? undefined : new UnsupportedModelError(name, ...dear);
}

/** The first node whose worst leaf is beyond the gate, whatever its order of summation: it voids its job (P5.12). */
export function firstUnprovable(graph: Graph, profile: Profile): number | undefined {
  const sizeOfProof = proofSizes(graph);
  const found = graph.nodes.findIndex((node, i) => excessOf(graph, node, profile, () => sizeOfProof(i)) !== undefined);
  return found === -1 ? undefined : found;
}

/** What is too much of it, and a hint. */
function excessOf(
  graph: Graph,
  node: Node,
  profile: Profile,
  proofBytes: () => number,
): [what: string, hint: string] | undefined {
  const gas = leafGas(graph, node, profile);
  if (gas > MAX_LEAF_GAS) return [`its leaf takes about ${gas} gas`, `Split it: at most ${MAX_LEAF_GAS}.`];
  const terms = termsOf(node.op, node.attributes, shapesOf(graph, node));
  // In parts no product of the gpu column is judged (docs/numerics.md N8).
  const inParts = productTerms(graph, node) !== undefined && profile !== "tolerant-gpu";
  const most = inParts ? MAX_PRODUCT_TERMS : MAX_LEAF_TERMS;
  if (SUMMING.includes(node.op) && terms > most) return [`its leaf adds ${terms} terms`, `Split it: at most ${most}.`];
  const bytes = proofBytes();
  if (bytes > MAX_PROOF_BYTES) return [`its proof takes ${bytes} bytes`, `Split it: at most ${MAX_PROOF_BYTES}.`];
  return undefined;
}

const SUMMING: readonly OpName[] = ["Conv", "ConvTranspose", "Gemm", "MatMul", "ReduceSum", "ScatterElements"];

/** Estimated L1 gas to prove the worst element of a node's output wrong; 0 for an output without a leaf. */
export function leafGas(graph: Graph, node: Node, profile: Profile): number {
  if (!hasLeaf(node)) return 0;
  const isWindow = node.op === "Conv" || node.op === "ConvTranspose";
  const windowRows = isWindow ? valueAt(graph, node.inputs[1]!).shape[2]! : 0;
  const terms = isInParts(graph, node) ? PART_TERMS : termsOf(node.op, node.attributes, shapesOf(graph, node));
  return BASE_GAS + windowRows * GAS_PER_WINDOW_ROW + terms * gasPerTerm(node, profile);
}

const shapesOf = (graph: Graph, node: Node): readonly Shape[] => node.inputs.map((id) => valueAt(graph, id).shape);

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
