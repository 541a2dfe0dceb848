import type { EncodedGraph } from "../../common/graph-encoding.ts";
import type { ProvableFlaw } from "../witness/flaw.ts";

/** A graph that voids the job of a claim: nothing is left to be checked. */
export class FlawedError extends Error {
  readonly encoded: EncodedGraph;
  readonly flaw: ProvableFlaw;

  constructor(encoded: EncodedGraph, flaw: ProvableFlaw) {
    super(`its graph voids the job: ${flaw.reason}`);
    this.encoded = encoded;
    this.flaw = flaw;
  }
}
