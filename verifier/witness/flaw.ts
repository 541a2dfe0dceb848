// Witnesses of flaws (docs/protocol.md P14.2); contracts/types/Flaw.sol in the same order.
import { encodeAbiParameters, type Hex } from "viem";
import type { EncodedGraph } from "../../common/graph-encoding.ts";
import type { Flaw, Mention } from "../model/flaw.ts";
import { clashWitness, gateWitness, leafWitness, sumWitness } from "./abi.ts";
import { encodeName, SOURCE } from "./canonical.ts";
import { headerProof, leafProof, nodeProof, sumPath } from "./proofs.ts";

const FLAW = { sum: 1, leaf: 2, gate: 3, clash: 4 } as const;

/** What L1 takes as the proof that a graph has a flaw: its kind there and the witness. */
export function buildFlawWitness(graph: EncodedGraph, flaw: Flaw): { readonly flaw: number; readonly witness: Hex } {
  return { flaw: FLAW[flaw.kind], witness: witnessOf(graph, flaw) };
}

function witnessOf(graph: EncodedGraph, flaw: Flaw): Hex {
  const header = headerProof(graph);
  switch (flaw.kind) {
    case "sum": {
      // The header's own way up is as good as any: only the root's sums, which the job says, are false.
      const path = sumPath(graph, 0);
      return encodeAbiParameters([sumWitness], [{ header: graph.header, headerPath: path, index: 0n, path }]);
    }
    case "leaf": {
      const { hash, flops, bytes_, encoded, siblings } = leafProof(graph, flaw.leaf);
      const index = BigInt(flaw.leaf);
      if (flaw.shown === undefined) {
        const leaf = { hash, flops, bytes_ };
        return encodeAbiParameters([leafWitness], [{ header, index, encoded, leaf, siblings }]);
      }
      const { shown } = flaw;
      const shownHeader = { ...header, siblings: shown.headerSiblings };
      return encodeAbiParameters([leafWitness], [{ header: shownHeader, index, encoded, ...shown }]);
    }
    case "gate":
      return encodeAbiParameters([gateWitness], [{ header, node: nodeProof(graph, flaw.node) }]);
    case "clash": {
      const [first, second] = [flaw.first, flaw.second].map((mention) => named(graph, mention));
      return encodeAbiParameters([clashWitness], [{ header, first: first!, second: second! }]);
    }
  }
}

const named = (graph: EncodedGraph, { of, index, operand }: Mention) =>
  encodeName(graph, {
    source: SOURCE[of],
    index: of === "output" ? 0 : (operand ?? index),
    node: of === "output" || operand !== undefined ? index : undefined,
  });
