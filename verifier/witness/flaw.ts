// Witnesses of flaws (docs/protocol.md P14.2); contracts/types/Flaw.sol in the same order.
import { encodeAbiParameters, type Hex } from "viem";
import { type EncodedGraph, NO_VALUE } from "../../common/graph-encoding.ts";
import type { Flaw, Mention, ShownLeaf, SumPath } from "../model/flaw.ts";
import { clashWitness, gateWitness, leafWitness, sourceWitness, sumWitness } from "./abi.ts";
import { encodeName, SOURCE } from "./canonical.ts";
import { headerProof, leafBytes, leafProof, nodeProof, stateProof, sumPath } from "./proofs.ts";
import type { SourceFlaw } from "./source.ts";

/** Of the graph itself, or of what it makes of the model that it starts from. */
export type ProvableFlaw = Flaw | SourceFlaw;

const FLAW = { sum: 1, leaf: 2, gate: 3, clash: 4, source: 5 } as const;

/** What L1 takes as the proof that a graph has a flaw: its kind there and the witness. */
export function buildFlawWitness(
  graph: EncodedGraph,
  flaw: ProvableFlaw,
): { readonly flaw: number; readonly witness: Hex } {
  return { flaw: FLAW[flaw.kind], witness: witnessOf(graph, flaw) };
}

function witnessOf(graph: EncodedGraph, flaw: ProvableFlaw): Hex {
  // The graph's own tree is another one there, and may be none: its sums need not fit in 64 bits.
  if (flaw.kind === "leaf" && flaw.shown !== undefined) return shownLeaf(graph, flaw.leaf, flaw.shown);
  if (flaw.kind === "sum") return sumFlaw(graph, flaw.headerPath ?? sumPath(graph, 0));
  const header = headerProof(graph);
  switch (flaw.kind) {
    case "leaf": {
      const { hash, flops, bytes_, encoded, siblings } = leafProof(graph, flaw.leaf);
      const leaf = { hash, flops, bytes_ };
      return encodeAbiParameters([leafWitness], [{ header, index: BigInt(flaw.leaf), encoded, leaf, siblings }]);
    }
    case "gate":
      return encodeAbiParameters([gateWitness], [{ header, node: nodeProof(graph, flaw.node) }]);
    case "clash": {
      const [first, second] = [flaw.first, flaw.second].map((mention) => named(graph, mention));
      return encodeAbiParameters([clashWitness], [{ header, first: first!, second: second! }]);
    }
    case "source": {
      const { state, claimHash: modelClaim, task: modelTask, header: modelHeader } = flaw;
      const model = flaw.tensor ?? { value: NO_VALUE, siblings: [] };
      const fields = { header, state, stateProof: stateProof(graph, state), modelClaim, modelTask, modelHeader, model };
      return encodeAbiParameters([sourceWitness], [fields]);
    }
  }
}

/** The header's own way up is as good as any: where it has no sums, only the root's, which the job says, are false. */
const sumFlaw = ({ header }: EncodedGraph, path: SumPath): Hex =>
  encodeAbiParameters([sumWitness], [{ header, headerPath: path, index: 0n, path }]);

function shownLeaf(graph: EncodedGraph, leaf: number, shown: ShownLeaf): Hex {
  const header = { header: graph.header, siblings: shown.headerSiblings };
  const encoded = leafBytes(graph, leaf);
  return encodeAbiParameters(
    [leafWitness],
    [{ header, index: BigInt(leaf), encoded, leaf: shown.leaf, siblings: shown.siblings }],
  );
}

const named = (graph: EncodedGraph, { of, index, operand }: Mention) =>
  encodeName(graph, {
    source: SOURCE[of],
    index: of === "output" ? 0 : (operand ?? index),
    node: of === "output" || operand !== undefined ? index : undefined,
  });
