import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Hex } from "viem";

/** Files named by the root of what they hold. The reader checks the content against the root: a flipped bit on the disk
 * is found where it is used, and a half-written file never carries its final name. */
export type BlobStore = {
  readonly put: (root: Hex, bytes: Uint8Array) => Promise<void>;
  readonly get: (root: Hex) => Promise<Uint8Array | undefined>;
  /** To be read piece by piece, and closed by the caller. */
  readonly open: (root: Hex) => Promise<FileHandle | undefined>;
};

export function openBlobStore(folder: string): BlobStore {
  const pathOf = (root: Hex) => join(folder, root.slice(2, 4), root.slice(2));
  return {
    put: (root, bytes) => writeWhole(pathOf(root), bytes),
    get: (root) => readIfThere(pathOf(root)),
    open: (root) => ifThere(open(pathOf(root))),
  };
}

/** All or nothing, also across a kill −9. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString("hex")}`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
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
