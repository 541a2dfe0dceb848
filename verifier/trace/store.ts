import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Hex } from "viem";

/** Files named by the root of what they hold. The reader checks the content against the root: a flipped bit on the disk
 * is found where it is used, and a half-written file never carries its final name. */
export type BlobStore = {
  /** Is on the disk when this resolves: for what others rely on. */
  readonly put: (root: Hex, bytes: Uint8Array) => Promise<void>;
  /** As `put` but for a power cut, which may lose it or leave it torn: for what can be computed again. */
  readonly keep: (root: Hex, bytes: Uint8Array) => Promise<void>;
  /** Takes a file that is on the disk, of the same file system, in under its root; resolves with whether it is new here. */
  readonly adopt: (root: Hex, path: string) => Promise<boolean>;
  readonly get: (root: Hex) => Promise<Uint8Array | undefined>;
  /** To be read piece by piece, and closed by the caller. */
  readonly open: (root: Hex) => Promise<FileHandle | undefined>;
};

export function openBlobStore(folder: string): BlobStore {
  const pathOf = (root: Hex) => join(folder, root.slice(2, 4), root.slice(2));
  return {
    put: (root, bytes) => writeDurably(pathOf(root), bytes),
    keep: (root, bytes) => writeWhole(pathOf(root), bytes),
    adopt: async (root, path) => {
      const place = pathOf(root);
      await mkdir(dirname(place), { recursive: true });
      const known = await ifThere(stat(place));
      await rename(path, place);
      return known === undefined;
    },
    get: (root) => readIfThere(pathOf(root)),
    open: (root) => ifThere(open(pathOf(root))),
  };
}

/** All or nothing, also across a kill −9; not across a power cut: the reader checks what it finds. */
const writeWhole = (path: string, bytes: Uint8Array): Promise<void> =>
  replace(path, (temporary) => writeFile(temporary, bytes));

/** All or nothing, and on the disk when this resolves. */
const writeDurably = (path: string, bytes: Uint8Array): Promise<void> =>
  replace(path, (temporary) => writeFile(temporary, bytes, { flush: true }));

async function replace(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  await write(temporary);
  await rename(temporary, path);
}

export const readIfThere = (path: string): Promise<Uint8Array | undefined> => ifThere(readFile(path));

async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
