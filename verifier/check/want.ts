/** Something only the claimant can show, asked of it on L1 because it is served nowhere (P7.6). */
export type Want =
  | { readonly path: "segment" | "metrics"; readonly segment: number }
  /** All step traces of a segment whose leaf holds no steps root. */
  | { readonly path: "traces"; readonly segment: number }
  /** A leaf of the task's graph, or of the training's that it consumes (P5.6). */
  | { readonly path: "graph"; readonly of: GraphKind; readonly leaf: number }
  /** The root of a tensor of the model that an inference or evaluation consumes. */
  | { readonly path: "model"; readonly index: number }
  /** Trace and a page of the value roots; `step` within the segment. */
  | { readonly path: "step"; readonly segment: number; readonly step: number; readonly page: number }
  | ({
      readonly path: "chunks";
      readonly segment: number;
      readonly step: number;
      readonly place: number;
      readonly index: number;
    } & ChunkSpan)
  /** What the parts of an element come to that no proof can add up (P7.10). */
  | {
      readonly path: "sum";
      readonly segment: number;
      readonly step: number;
      readonly node: number;
      readonly element: number;
      /** As many bytes are published. */
      readonly chunkCount: number;
    }
  /** Of a tensor that the task or its graph names by root. */
  | ({ readonly path: "input"; readonly of: InputKind; readonly index: number } & ChunkSpan);

export type InputKind = "dataset" | "start" | "constant";

export type GraphKind = "task" | "model";

export type ChunkSpan = { readonly firstChunk: number; readonly chunkCount: number };

/** Thrown where a check cannot go on without these; more than one where no answer makes another needless. */
export class WantedError extends Error {
  readonly wants: readonly Want[];
  /** So many more will be wanted behind them, at the open fee each: who cannot pay for all of it need not begin. */
  readonly more: number;
  constructor(...wants: readonly Want[]) {
    super(`L1 does not show ${JSON.stringify(wants)} yet`);
    this.wants = [...new Map(wants.map((want) => [JSON.stringify(want), want])).values()];
    this.more = 0;
  }

  /** The first of many, the others to be asked for behind them. */
  static firstOf(count: number, wants: readonly Want[]): WantedError {
    const first = new WantedError(...wants.slice(0, count));
    return Object.assign(first, { more: Math.max(wants.length - count, 0) });
  }
}

/** Does all of it as far as L1 shows what it takes; throws for everything that is missing at once. */
export async function allShown<T>(work: readonly (() => T | Promise<T>)[]): Promise<T[]> {
  const done: T[] = [];
  const wants: Want[] = [];
  for (const one of work) {
    try {
      done.push(await one());
    } catch (error) {
      if (!(error instanceof WantedError)) throw error;
      wants.push(...error.wants);
    }
  }
  if (wants.length > 0) throw new WantedError(...wants);
  return done;
}
