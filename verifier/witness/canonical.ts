// Witnesses of kinds 8, 9: a committed value that no tensor of its type has (docs/protocol.md P7.5, P7.8).
import { bytesToHex, encodeAbiParameters, type Hex } from "viem";
import { type EncodedGraph, type EncodedValue, PLACE } from "../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import {
  canonicalWitness,
  constantProofParameter,
  feedProofParameter,
  finiteWitness,
  nextStateProofParameter,
  nodeProofParameter,
  stateProofParameter,
} from "./abi.ts";
import type { StepSource } from "./chunks.ts";
import {
  constantProof,
  feedProof,
  headerProof,
  nextStateProof,
  nodeProof,
  openingOf,
  rootProof,
  stateProof,
} from "./proofs.ts";
import { NoLeafError } from "./reads.ts";

/** Which leaf of a graph names a value (P7.8). */
export const SOURCE = {
  state: 1,
  feed: 2,
  nextState: 3,
  output: 4,
  operand: 5,
  layout: 6,
  constant: 7,
  // To show a clash alone (P14.2).
  named: 8,
  loss: 9,
} as const;

/** A value by its place, and which leaf of the graph writes down its type and shape. */
export interface NamedValue {
  readonly value: EncodedValue;
  readonly source: number;
  readonly index: number;
  /** The node that writes it down, if one does. */
  readonly node: number | undefined;
}

/** Finds where the graph names the value (or layout) at a place. */
export function nameValue(graph: EncodedGraph, place: number, index: number): NamedValue {
  const listed = [
    { place: PLACE.state, source: SOURCE.state, types: graph.states },
    { place: PLACE.feed, source: SOURCE.feed, types: graph.feeds },
    { place: PLACE.nextState, source: SOURCE.nextState, types: graph.nextStates },
    { place: PLACE.constant, source: SOURCE.constant, types: graph.constants },
  ].find((list) => list.place === place);
  const type = listed?.types[index];
  if (listed !== undefined && type !== undefined) {
    const value = { place, index, dtype: type.dtype, shape: type.shape };
    return { source: listed.source, index, node: undefined, value };
  }
  if (place === PLACE.exact || place === PLACE.loose)
    for (const [node, { inputs, outputs }] of graph.nodes.entries()) {
      const output = outputs.findIndex((value) => value.place === place && value.index === index);
      if (output >= 0) return { source: SOURCE.output, index: output, node, value: outputs[output]! };
      const operand = inputs.findIndex(
        ({ layout, layoutPlace, layoutIndex }) => layout.length > 0 && layoutPlace === place && layoutIndex === index,
      );
      if (operand >= 0)
        return { source: SOURCE.layout, index: operand, node, value: { ...inputs[operand]!.value, place, index } };
      // Of what no node writes (P14.2).
      const reader = inputs.findIndex(({ value }) => value.place === place && value.index === index);
      if (reader >= 0) return { source: SOURCE.operand, index: reader, node, value: inputs[reader]!.value };
    }
  throw new NoLeafError("no-value", `no value at place ${place}, index ${index}`);
}

/** As L1 reads it: with the leaf's proof. */
export const encodeName = (
  graph: EncodedGraph,
  { source, index, node }: Pick<NamedValue, "source" | "index" | "node">,
) => ({
  source,
  index,
  leaf: namingLeaf(graph, source, node ?? index),
});

function namingLeaf(graph: EncodedGraph, source: number, index: number): Hex {
  switch (source) {
    case SOURCE.state:
      return encodeAbiParameters([stateProofParameter], [stateProof(graph, index)]);
    case SOURCE.feed:
      return encodeAbiParameters([feedProofParameter], [feedProof(graph, index)]);
    case SOURCE.nextState:
    case SOURCE.named:
      return encodeAbiParameters([nextStateProofParameter], [nextStateProof(graph, index)]);
    case SOURCE.constant:
      return encodeAbiParameters([constantProofParameter], [constantProof(graph, index)]);
    case SOURCE.loss:
      return "0x";
    default:
      return encodeAbiParameters([nodeProofParameter], [nodeProof(graph, index)]);
  }
}

/** One leaf of a value's tree: `data` is what it is the hash of (a chunk), `padding` what stands beyond the last chunk. */
export interface TreeLeaf {
  readonly chunk: number;
  readonly data?: Uint8Array;
  readonly padding?: Hex;
  readonly proof: readonly Hex[];
}

/** A chunk of the wrong length, a bool beyond 1, or padding that is not zero. */
export function buildCanonicalWitness(source: StepSource, named: NamedValue, leaf: TreeLeaf): Hex {
  const { graph, roots } = source;
  return encodeAbiParameters(
    [canonicalWitness],
    [
      {
        header: headerProof(graph),
        value: encodeName(graph, named),
        ...rootProof(graph, roots, named.value.place, named.value.index),
        chunk: BigInt(leaf.chunk),
        data: bytesToHex(leaf.data ?? new Uint8Array()),
        padding: leaf.padding ?? ZERO_HASH,
        chunkProof: leaf.proof,
      },
    ],
  );
}

/** An infinity or NaN in a float32 value. */
export async function buildFiniteWitness(source: StepSource, named: NamedValue, element: number): Promise<Hex> {
  const read = { operand: -1, value: named.value, first: element, count: 1 };
  return encodeAbiParameters(
    [finiteWitness],
    [
      {
        header: headerProof(source.graph),
        value: encodeName(source.graph, named),
        element: BigInt(element),
        openings: [await openingOf(source, read)],
      },
    ],
  );
}
