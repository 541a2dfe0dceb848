import { bytesToHex, concat, type Hex, hexToBytes } from "viem";
import { metricLeaf, type StepTrace, stepTraceHash } from "../../common/claim.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { packedTreeRoot } from "../tensor/hash-tree.ts";

/** Roots of every committed value of one step, in the order of their lists (P5.3, P5.8). */
export type StepRoots = {
  readonly stateIn: readonly Hex[];
  readonly feeds: readonly Hex[];
  readonly exact: readonly Hex[];
  readonly loose: readonly Hex[];
  readonly stateOut: readonly Hex[];
};

/** Root of a list of roots; as `treeRoot`, fast enough for every step. */
export const rootOfList = (roots: readonly Hex[]): Hex => {
  if (roots.length === 0) return ZERO_HASH;
  return bytesToHex(packedTreeRoot(hexToBytes(concat(roots))));
};

/** The list of roots before it is hashed to five. */
export const stepTraceOf = (roots: StepRoots): StepTrace => ({
  stateIn: rootOfList(roots.stateIn),
  feedsRoot: rootOfList(roots.feeds),
  exactRoot: rootOfList(roots.exact),
  looseRoot: rootOfList(roots.loose),
  stateOut: rootOfList(roots.stateOut),
});

export const stepRootOf = (roots: StepRoots): Hex => stepTraceHash(stepTraceOf(roots));

/** Tree of the losses of a segment's steps; zero if the graph has no loss (P5.9). */
export const metricsRootOf = (lossBits: readonly number[]): Hex => rootOfList(lossBits.map(metricLeaf));
