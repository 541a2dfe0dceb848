import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Hex } from "viem";
import { tensorRoot } from "../tensor/root.ts";
import { bytesOf, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { readState, writeState } from "../trace/state-file.ts";

/** A state of a check, by the name that the check gives it. */
type Place = { readonly claimHash: Hex; readonly name: string };

/** States of checks that do not go on yet, on the disk until they do; a few in all, so that nobody fills it. None outlives the process. */
export type Shelf = {
  /**
   * Where there is no place, the oldest state of who can best do without has to go; of the check itself, where it is that.
   * @param spared of the checks that have a state here, and this one
   */
  readonly put: (at: Place, state: readonly Tensor[], spared: (checks: readonly Hex[]) => Hex | undefined) => void;
  /** Undefined where it had to go, or the disk has lost it: its check begins anew. */
  readonly get: (at: Place, types: readonly TensorType[]) => Promise<Tensor[] | undefined>;
  /** Of a check that is over, or one of its states. */
  readonly clear: (claimHash: Hex, name?: string) => void;
};

type Kept = Place & { readonly path: string; readonly roots: readonly Hex[] };

export function openShelf(folder: string, places: number, onTrouble: (error: unknown) => void): Shelf {
  rmSync(folder, { recursive: true, force: true });
  let kept: readonly Kept[] = [];
  let count = 0;
  const isAt = (one: Place, { claimHash, name }: Place) => one.claimHash === claimHash && one.name === name;
  const remove = (isGone: (one: Kept) => boolean): void => {
    for (const { path } of kept.filter(isGone)) rmSync(path, { force: true });
    kept = kept.filter((one) => !isGone(one));
  };
  return {
    put: (at, state, spared) => {
      remove((one) => isAt(one, at));
      if (kept.length >= places) {
        const loser = spared([...new Set([...kept, at].map(({ claimHash }) => claimHash))]);
        const oldest = kept.find(({ claimHash }) => claimHash === loser);
        if (oldest === undefined) return;
        remove((one) => one === oldest);
      }
      const path = join(folder, `${count++}`);
      try {
        mkdirSync(folder, { recursive: true });
        writeState(path, state);
      } catch (error) {
        // A full disk costs the work, and nobody its turn.
        onTrouble(error);
        return;
      }
      kept = [...kept, { ...at, path, roots: state.map((tensor) => tensorRoot(bytesOf(tensor))) }];
    },
    get: async (at, types) => {
      const found = kept.find((one) => isAt(one, at));
      return found && readState(found.path, found.roots, types);
    },
    clear: (claimHash, name) => remove((one) => one.claimHash === claimHash && (name ?? one.name) === one.name),
  };
}
