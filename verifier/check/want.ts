/** Something only the claimant can show, asked of it on L1 because it is served nowhere (P7.6). */
export type Want =
  | { readonly path: "segment"; readonly segment: number }
  /** Trace and value roots; `step` within the segment. */
  | { readonly path: "step"; readonly segment: number; readonly step: number }
  | ({
      readonly path: "chunks";
      readonly segment: number;
      readonly step: number;
      readonly place: number;
      readonly index: number;
    } & ChunkSpan)
  /** Of a tensor that the task names by root. */
  | ({ readonly path: "input"; readonly of: InputKind; readonly index: number } & ChunkSpan);

export type InputKind = "dataset" | "start";

export type ChunkSpan = { readonly firstChunk: number; readonly chunkCount: number };

/** Thrown where a check cannot go on without it. */
export class WantedError extends Error {
  readonly want: Want;
  constructor(want: Want) {
    super(`L1 does not show ${JSON.stringify(want)} yet`);
    this.want = want;
  }
}
