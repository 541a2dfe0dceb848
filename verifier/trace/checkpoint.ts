import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import { packHashes } from "../../common/merkle.ts";
import { tensorRoot } from "../tensor/root.ts";
import { bytesOf, fromBytes, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { rootOfList } from "./step.ts";
import { type BlobStore, readIfThere, writeWhole } from "./store.ts";
import type { SegmentRecord } from "./trajectory.ts";

/** What is kept of a finished segment. The end state itself lies in the blob store under these roots. */
export type Checkpoint = {
  readonly record: SegmentRecord;
  readonly stateRoots: readonly Hex[];
  /** Root of every step; empty without `stepRoots`. */
  readonly stepRoots: readonly Hex[];
};

export type Checkpoints = {
  readonly write: (checkpoint: Checkpoint) => Promise<void>;
  readonly read: (segment: number) => Promise<Checkpoint | undefined>;
};

const hash = z.custom<Hex>((text) => typeof text === "string" && /^0x[0-9a-f]{64}$/.test(text));
const checkpointFile = z.object({
  record: z.object({
    index: z.number(),
    endState: hash,
    metrics: z.array(z.number()),
    stepsRoot: hash,
  }),
  stateRoots: z.array(hash),
  stepRoots: z.array(hash),
});

/** A file that a power cut left torn is none: its segment is computed again. */
function parseCheckpoint(text: string): Checkpoint | undefined {
  try {
    return checkpointFile.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** One small file per finished segment. */
export function openCheckpoints(folder: string): Checkpoints {
  const pathOf = (segment: number) => join(folder, `segment-${segment}.json`);
  return {
    write: (checkpoint) => writeWhole(pathOf(checkpoint.record.index), Buffer.from(JSON.stringify(checkpoint))),
    read: async (segment) => {
      const bytes = await readIfThere(pathOf(segment));
      return bytes === undefined ? undefined : parseCheckpoint(Buffer.from(bytes).toString());
    },
  };
}

/** Puts a state's tensors and their list into the store and gives their roots. */
export async function storeState(store: BlobStore, state: readonly Tensor[]): Promise<Hex[]> {
  const roots = state.map((tensor) => tensorRoot(bytesOf(tensor)));
  // One by one: several threads writing at once take a core from the runtime that computes on meanwhile.
  for (const [i, tensor] of state.entries()) await store.keep(roots[i]!, bytesOf(tensor));
  if (roots.length > 1) await store.keep(rootOfList(roots), packHashes(roots));
  return roots;
}

/** The state under these roots, or undefined if a tensor is missing or does not give its root any more. */
export async function loadState(
  store: BlobStore,
  roots: readonly Hex[],
  types: readonly TensorType[],
): Promise<Tensor[] | undefined> {
  const state: Tensor[] = [];
  for (const [i, root] of roots.entries()) {
    const bytes = await store.get(root);
    if (bytes === undefined || tensorRoot(bytes) !== root) return undefined;
    state.push(fromBytes(types[i]!, bytes));
  }
  return state;
}
