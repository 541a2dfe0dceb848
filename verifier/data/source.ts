import type { Hex } from "viem";
import type { StepRoots } from "../trace/step.ts";
import type { SegmentRecord } from "../trace/trajectory.ts";

/** What a claimant can show of its claims. Answers `undefined` for what it does not have; regenerates what it can. */
export type ClaimSource = {
  readonly segments: (claimHash: Hex) => Promise<readonly SegmentRecord[] | undefined>;
  /** Root of each step of a segment. */
  readonly stepHashes: (claimHash: Hex, segment: number) => Promise<readonly Hex[] | undefined>;
  readonly stepRoots: (claimHash: Hex, step: number) => Promise<StepRoots | undefined>;
  /** Bytes of the value at `(place, index)` of a step (P5.1). */
  readonly value: (claimHash: Hex, step: number, place: number, index: number) => Promise<Uint8Array | undefined>;
};

/** Something that gives bytes by their root. */
export type BlobSource = (root: Hex) => Promise<Uint8Array | undefined>;
