import type { Hex } from "viem";
import type { StepTrace } from "../../common/claim.ts";
import type { SumNode } from "../model/root.ts";
import type { StepRoots } from "../trace/step.ts";
import type { SegmentProof } from "./evidence.ts";
import type { ReadValue } from "./step.ts";
import type { InputKind } from "./want.ts";

/** What L1 shows of a claim: what was demanded and answered, with its proofs. */
export type Published = {
  /** What a leaf of the task's graph is the hash of. */
  readonly graphLeaf: (leaf: number) => Hex | undefined;
  /** Siblings that a graph's header was published with, and others of which nobody says what they belong to. */
  readonly headerSiblings: () => Promise<readonly (readonly SumNode[])[]>;
  /** A tensor root of the consumed model, and its proof under the model's result root. */
  readonly model: (index: number) => PublishedRoot | undefined;
  readonly leaf: (segment: number) => SegmentProof | undefined;
  /** A segment's metrics as they stand in their tree: more than 32 bits are possible, and wrong. */
  readonly metrics: (segment: number) => readonly bigint[] | undefined;
  readonly step: (segment: number, step: number) => PublishedStep | undefined;
  /** All steps of a segment whose leaf holds no steps root. */
  readonly opened: (segment: number) => readonly StepTrace[] | undefined;
  /** Throws `WantedError` for the first chunks that are missing. */
  readonly read: (segment: number, step: number) => ReadValue;
  /** A whole tensor of the dataset (an inference's input) or of a training's start state; throws as `read`. */
  readonly input: (of: InputKind, index: number, byteLength: number) => Uint8Array;
};

export type PublishedRoot = { readonly root: Hex; readonly proof: readonly Hex[] };
export type PublishedStep = { readonly roots: StepRoots; readonly proof: readonly Hex[] };
