import type { Hex } from "viem";
import type { SegmentLeaf } from "../../common/claim.ts";
import { treeProof } from "../../common/merkle.ts";
import { metricsRootOf } from "../trace/step.ts";
import { type SegmentRecord, segmentLeafOf } from "../trace/trajectory.ts";

/** A segment's leaf and its proof under the trajectory root. */
export type SegmentProof = { readonly leaf: SegmentLeaf; readonly proof: readonly Hex[] };

/** What ties a wrong step to its claim. */
export type Evidence = {
  readonly segment: SegmentProof;
  /** Undefined for segment 0. */
  readonly previousSegment: SegmentProof | undefined;
  /** Of the wrong step under the steps root. */
  readonly stepProof: readonly Hex[];
  /** Of the step before it; undefined for a segment's first. */
  readonly previousStepProof: readonly Hex[] | undefined;
  /** Bits of the segment's metrics. */
  readonly metrics: readonly (number | bigint)[];
};

export const leafFields = ({ index, endState, metrics, stepsRoot }: SegmentRecord): SegmentLeaf => ({
  index,
  endState,
  metricsRoot: metricsRootOf(metrics),
  stepsRoot,
});

/** Proofs out of all segments of a claim and all steps of the wrong one. */
export function evidenceOf(
  records: readonly SegmentRecord[],
  stepHashes: readonly Hex[],
  segment: number,
  step: number,
): Evidence {
  const leaves = records.map(segmentLeafOf);
  const prove = (index: number): SegmentProof => ({
    leaf: leafFields(records[index]!),
    proof: treeProof(leaves, index),
  });
  return {
    segment: prove(segment),
    previousSegment: segment === 0 ? undefined : prove(segment - 1),
    stepProof: treeProof(stepHashes, step),
    previousStepProof: step === 0 ? undefined : treeProof(stepHashes, step - 1),
    metrics: records[segment]!.metrics,
  };
}
