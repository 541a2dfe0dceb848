import { type Graph, type Node, valueAt } from "../graph/graph.ts";
import { kBlock, strictDot } from "../numerics/dot.ts";
import type { Dyadic } from "../numerics/dyadic.ts";
import { exactDot } from "../numerics/exact-dot.ts";
import type { Profile } from "../ops/judge.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { elementsOf, leafReads } from "./leaf.ts";

/** Most terms that one proof adds up (docs/numerics.md N5.3), and of a longer product the terms of each part but the last. */
export const PART_TERMS = 8_192;
/** Most terms of a product that is judged in parts (P7.10); contracts/libraries/LongSums.sol counts alike. */
export const MAX_PARTS = 256;
/** Of a tolerant part: sums of absolute values and of negative terms, 512 bits each. */
const EXACT_BYTES = 128;
const UNIT_EXPONENT = -298;

/** Terms of an element of a product; undefined for what is none. */
export function productTerms(graph: Graph, { op, inputs, attributes }: Node): number | undefined {
  if (op !== "Gemm" && op !== "MatMul") return undefined;
  const { shape } = valueAt(graph, inputs[0]!);
  return op === "Gemm" && attributes.transA === 1 ? shape[0]! : shape.at(-1)!;
}

/** One proof cannot add up an element: its claimant publishes what its parts come to, and one of them is judged (P7.10). */
export const isInParts = (graph: Graph, node: Node): boolean => (productTerms(graph, node) ?? 0) > PART_TERMS;

export const partsOf = (terms: number): number => Math.ceil(terms / PART_TERMS);

/** What is published of an element: exact sums of all parts, or the running value behind each but the last. */
export const publishedBytes = (graph: Graph, node: Node, profile: Profile): number => {
  const parts = partsOf(productTerms(graph, node)!);
  return profile === "tolerant" ? EXACT_BYTES * parts : 4 * (parts - 1);
};

/** An element of a long product; `tensorAt`: claimed tensors of the node's operands, in their own order. */
export type LongElement = {
  readonly graph: Graph;
  readonly node: number;
  readonly element: number;
  readonly profile: Profile;
  readonly tensorAt: (id: number) => Tensor;
};

/** What a claimant publishes of an element: the bytes that its operands give. */
export function publishedOf(at: LongElement): Uint8Array {
  const { parts, bias, running, exact } = sumOf(at);
  const published = new Uint8Array(publishedBytes(at.graph, at.graph.nodes[at.node]!, at.profile));
  if (at.profile === "tolerant") {
    for (let part = 0; part < parts; part++) published.set(bytesOfSums(exact(part)), EXACT_BYTES * part);
    return published;
  }
  const view = new DataView(published.buffer);
  let value = bias;
  for (let part = 0; part < parts - 1; part++) {
    value = running(part, value);
    view.setFloat32(4 * part, value, true);
  }
  return published;
}

/** The part by which an element that is wrong can be proven so: the first that is not what it should be, else what they give together. */
export function wrongPart(at: LongElement, published: Uint8Array): number {
  const { parts, bias, running, exact } = sumOf(at);
  if (at.profile === "tolerant") {
    for (let part = 0; part < parts; part++) {
      const own = exact(part);
      const claimed = published.subarray(EXACT_BYTES * part, EXACT_BYTES * (part + 1));
      if (own.overflows || Buffer.compare(bytesOfSums(own), claimed) !== 0) return part;
    }
    return parts;
  }
  const view = new DataView(published.buffer, published.byteOffset);
  let value = bias;
  for (let part = 0; part < parts - 1; part++) {
    const own = running(part, value);
    value = view.getFloat32(4 * part, true);
    if (!Number.isFinite(own) || own !== value) return part;
  }
  return parts - 1;
}

type Sums = ReturnType<typeof exactDot>;

/** An element's sum, part by part. */
function sumOf({ graph, node: index, element, tensorAt }: LongElement) {
  const node = graph.nodes[index]!;
  const terms = productTerms(graph, node)!;
  const [a, b, bias] = leafReads(graph, index, element, () => 0).map((read) =>
    elementsOf(tensorAt(node.inputs[read.operand]!), read),
  ) as ArrayLike<number>[];
  const transA = node.op === "Gemm" && node.attributes.transA === 1;
  const block = kBlock({ n: valueAt(graph, node.output).shape.at(-1)!, k: terms, transA, prepacked: false });
  const slice = (part: number) => {
    const skipped = part * PART_TERMS;
    return {
      length: Math.min(PART_TERMS, terms - skipped),
      a: (k: number) => a![skipped + k]!,
      b: (k: number) => b![skipped + k]!,
    };
  };
  return {
    parts: partsOf(terms),
    bias: bias?.[0],
    /** The running value behind a part, from the one before it. */
    running: (part: number, start: number | undefined): number =>
      strictDot({ ...slice(part), kBlock: block, ...(start === undefined ? {} : { bias: start }) }),
    exact: (part: number): Sums => {
      const { length, a: x, b: y } = slice(part);
      return exactDot(length, x, y);
    },
  };
}

/** Σ|terms| and the sum of the negative ones, in units of 2^−298, as ExactDot has them. */
function bytesOfSums({ sum, absolute }: Sums): Uint8Array {
  const units = ({ mantissa, exponent }: Dyadic) => mantissa << BigInt(exponent - UNIT_EXPONENT);
  const all = units(absolute);
  const negative = (all - units(sum)) / 2n;
  return Buffer.from([all, negative].map((value) => value.toString(16).padStart(128, "0")).join(""), "hex");
}
