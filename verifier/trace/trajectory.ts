import type { Hex } from "viem";
import { segmentLeafHash } from "../../common/claim.ts";
import { treeRoot } from "../../common/merkle.ts";
import { metricsRootOf } from "./step.ts";

/** What a claimant keeps and serves of one segment (P9.2); its leaf follows from it. */
export type SegmentRecord = {
  readonly index: number;
  readonly endState: Hex;
  /** Bits of the loss of each step; empty if the graph has none. */
  readonly metrics: readonly number[];
  /** Tree of the step roots, zero without `stepRoots`. */
  readonly stepsRoot: Hex;
};

export const segmentLeafOf = (record: SegmentRecord): Hex =>
  segmentLeafHash({ ...record, metricsRoot: metricsRootOf(record.metrics) });

export const trajectoryRoot = (records: readonly SegmentRecord[]): Hex => treeRoot(records.map(segmentLeafOf));
