import type { Hex } from "viem";
import type { StepTrace } from "../../common/claim.ts";
import type { SumNode } from "../model/root.ts";
import type { SegmentProof } from "./evidence.ts";
import type { ReadValue } from "./step.ts";
import type { InputKind } from "./want.ts";

/** What L1 shows of a claim: what was demanded and answered, with its proofs. */
export type Published = {
  /** A leaf of a graph, by the graph's root: what it is the hash of, and its proof. */
  readonly graphLeaf: (root: Hex, leaf: number) => PublishedLeaf | undefined;
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
  /** What was published of the parts of an element (P7.10). */
  readonly sum: (segment: number, step: number, node: number, element: number) => Uint8Array | undefined;
  /** A whole tensor that the task or its graph names by root; throws as `read`. */
  readonly input: (of: InputKind, index: number, byteLength: number) => Uint8Array;
};

export type PublishedRoot = { readonly root: Hex; readonly proof: readonly Hex[] };
export type PublishedLeaf = { readonly encoded: Hex; readonly siblings: readonly SumNode[] };
export type PublishedStep = {
  readonly trace: StepTrace;
  readonly proof: readonly Hex[];
  /** A page of its value roots (P7.1). */
  readonly page: (page: number) => readonly Hex[] | undefined;
};
