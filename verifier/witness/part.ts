import { bytesToHex, encodeAbiParameters, type Hex } from "viem";
import { leafReads } from "../model/leaf.ts";
import { PART_TERMS, partsOf, productTerms } from "../model/parts.ts";
import type { Profile } from "../ops/judge.ts";
import { partWitness } from "./abi.ts";
import type { StepSource } from "./chunks.ts";
import { headerProof, nodeProof, openingOf } from "./proofs.ts";
import { operandRead, outputRead, type Read } from "./reads.ts";

/** A part of a long product's element, and what its claimant published of all of them. */
export type PartAt = {
  readonly node: number;
  readonly element: number;
  readonly part: number;
  readonly published: Uint8Array;
};

/**
 * What judging a part reads (P7.10). `strict`: behind the last part the element, before the first the bias, then the part's terms.
 * `tolerant`: the part's terms; of all parts together the element and the bias.
 */
export function partReads({ model, graph }: StepSource, { node, element, part }: PartAt, profile: Profile): Read[] {
  const encoded = nodeProof(graph, node).node;
  const [a, b, bias] = leafReads(model, node, element, () => 0);
  const terms = productTerms(model, model.nodes[node]!)!;
  const [parts, skipped] = [partsOf(terms), part * PART_TERMS];
  const isTotal = part === (profile === "tolerant" ? parts : parts - 1);
  const begins = profile === "tolerant" ? isTotal : part === 0;
  const count = Math.min(PART_TERMS, terms - skipped);
  return [
    ...(isTotal ? [outputRead(encoded, element)] : []),
    ...(begins && bias !== undefined ? [operandRead(encoded, bias)] : []),
    ...(part < parts
      ? [a!, b!].map((read) => operandRead(encoded, { ...read, start: read.start + skipped, count }))
      : []),
  ];
}

/** Witness of kind 11 (P7.8): what was published of a long product is not what its operands give, or not the element. */
export async function buildPartWitness(source: StepSource, at: PartAt, profile: Profile): Promise<Hex> {
  const openings = [];
  for (const read of partReads(source, at, profile)) openings.push(await openingOf(source, read));
  const node = nodeProof(source.graph, at.node);
  return encodeAbiParameters(partWitness, [
    BigInt(at.node),
    BigInt(at.element),
    {
      header: headerProof(source.graph),
      node,
      element: BigInt(at.element),
      part: at.part,
      published: bytesToHex(at.published),
      openings,
    },
  ]);
}
