import { appendFileSync, mkdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import { packHashes } from "../../common/merkle.ts";
import type { FailedElement } from "../model/failure.ts";
import { tensorRoot } from "../tensor/root.ts";
import { bytesOf, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { readState, writeState } from "./state-file.ts";
import { rootOfList } from "./step.ts";
import { type BlobStore, readIfThere } from "./store.ts";
import type { SegmentRecord } from "./trajectory.ts";

/** What is kept of a finished segment besides its end state. */
export type Checkpoint = {
  readonly record: SegmentRecord;
  readonly stateRoots: readonly Hex[];
  /** Root of every step; empty without `stepRoots`. */
  readonly stepRoots: readonly Hex[];
  /** What fails in its last step: the run ends there. */
  readonly failed?: FailedElement | undefined;
};

/** The finished segments of one run, on the disk. */
export type Checkpoints = {
  /** The segments from 0 on, without a gap. */
  readonly read: () => Promise<readonly Checkpoint[]>;
  /** Forgets the segments from `count` on. */
  readonly cut: (count: number) => void;
  /** Adds the next segment and the state it ends in; what was there before must have been read. */
  readonly add: (checkpoint: Checkpoint, state: readonly Tensor[]) => void;
  /** End state of a segment; undefined if it was not kept or is not on the disk as it was. */
  readonly state: (checkpoint: Checkpoint, types: readonly TensorType[]) => Promise<Tensor[] | undefined>;
};

/** Disk that the states of one run may take. */
export const KEPT_STATE_BYTES = 2 ** 30;

/** Segments from one kept state to the next: as many states as fit, evenly spread. Any step is computed again from the
 * nearest. */
export const keptEvery = (segments: number, stateBytes: number): number =>
  Math.max(1, Math.ceil((segments * stateBytes) / KEPT_STATE_BYTES));

const hash = z.custom<Hex>((text) => typeof text === "string" && /^0x[0-9a-f]{64}$/.test(text));
const checkpointLine = z.object({
  record: z.object({
    index: z.number(),
    endState: hash,
    metrics: z.array(z.number()),
    stepsRoot: hash,
  }),
  stateRoots: z.array(hash),
  stepRoots: z.array(hash),
  failed: z.object({ node: z.number(), element: z.number() }).optional(),
});

function parseLine(line: string): Checkpoint | undefined {
  try {
    return checkpointLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/**
 * One line per segment and one file per state. Written in line by this thread: a pool of writing threads would take the
 * core that the runtime computes on. What a kill −9 or a power cut leaves torn is none: it is computed again.
 * @param keptEvery segments from one state that stays to the next; the newest stays until the one after it is there
 */
export function openCheckpoints(folder: string, keptEvery = 1): Checkpoints {
  const linesPath = join(folder, "segments.ndjson");
  const statePath = (segment: number) => join(folder, `state-${segment}`);
  /** Bytes up to the end of each line. */
  let ends: number[] = [];
  const cut = (count: number): void => {
    ends = ends.slice(0, count);
    truncateSync(linesPath, ends.at(-1) ?? 0);
  };
  return {
    read: async () => {
      mkdirSync(folder, { recursive: true });
      const found: Checkpoint[] = [];
      ends = [];
      const lines = Buffer.from((await readIfThere(linesPath)) ?? []);
      for (let at = 0, end = lines.indexOf("\n"); end >= 0; at = end + 1, end = lines.indexOf("\n", at)) {
        const checkpoint = parseLine(lines.toString("utf8", at, end));
        if (checkpoint?.record.index !== found.length) break;
        found.push(checkpoint);
        ends.push(end + 1);
      }
      if (lines.length > 0) cut(found.length);
      return found;
    },
    cut,
    add: (checkpoint, state) => {
      const { index } = checkpoint.record;
      if (index !== ends.length) throw new RangeError(`segment ${index} after ${ends.length}`);
      writeState(statePath(index), state);
      const line = `${JSON.stringify(checkpoint)}\n`;
      appendFileSync(linesPath, line);
      ends.push((ends.at(-1) ?? 0) + line.length);
      if (index % keptEvery !== 0) rmSync(statePath(index - 1), { force: true });
    },
    state: ({ record, stateRoots }, types) => readState(statePath(record.index), stateRoots, types),
  };
}

/** Puts a state's tensors and their list into the store, for others to read (P9.1), and gives their roots. */
export async function storeState(
  store: BlobStore,
  state: readonly Tensor[],
  roots: readonly Hex[] = state.map((tensor) => tensorRoot(bytesOf(tensor))),
): Promise<readonly Hex[]> {
  await Promise.all(state.map((tensor, i) => store.keep(roots[i]!, bytesOf(tensor))));
  if (roots.length > 1) await store.keep(rootOfList(roots), packHashes(roots));
  return roots;
}
