import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { UploadError } from "./upload.ts";

/** Disk space that uploads share, in bytes. */
export type Room = {
  /** Throws `UploadError` where that much is not left. */
  readonly take: (bytes: number) => void;
  readonly free: (bytes: number) => void;
};

/**
 * What is stored stays: a job that was paid for may need any of it, and whose that is nobody can tell. So a full node refuses
 * what is new.
 */
export function openRoom(maxBytes: number, usedBytes: number): Room {
  let used = usedBytes;
  return {
    take(bytes) {
      if (used + bytes > maxBytes)
        throw new UploadError("uploads-full", "this node stores no more uploads", {
          expected: `at most ${maxBytes} bytes in all`,
          actual: used + bytes,
          hint: "upload to another node whose URL executors know, or ask this one's operator for more room (--max-blob-bytes)",
        });
      used += bytes;
    },
    free(bytes) {
      used -= bytes;
    },
  };
}

/** Bytes of all files below a folder. */
export async function bytesUnder(folder: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size;
  return total;
}
