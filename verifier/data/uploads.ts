import { randomBytes } from "node:crypto";
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { openTensorHasher } from "../tensor/tensor-hasher.ts";
import type { BlobStore } from "../trace/store.ts";
import type { GraphJudge } from "./graph-judge.ts";
import { smallRoots, UploadError } from "./upload.ts";
import type { Room } from "./upload-room.ts";

export const UPLOAD_KINDS = ["tensor", "graph", "roots", "job"] as const;
export type UploadKind = (typeof UPLOAD_KINDS)[number];

export type UploadsOptions = {
  /** Where uploads lie until their root is known: on the store's file system. */
  readonly folder: string;
  readonly maxBytes: Readonly<Record<UploadKind, number>>;
  /** Uploads under way at once. */
  readonly maxOpen: number;
};

export type UploadsModules = {
  readonly store: Pick<BlobStore, "adopt">;
  readonly room: Room;
  readonly judge: GraphJudge;
};

/** Takes one upload in and gives its root; `announced` is its length if it is known, else 0. Throws `UploadError`, `JobError`. */
export type TakeUpload = (kind: string, announced: number, body: AsyncIterable<Uint8Array>) => Promise<Hex>;

/** Uploads go to the disk as they come, never whole into memory, and count against the room from their first byte (P9.1). */
export function openUploads({ folder, maxBytes, maxOpen }: UploadsOptions, modules: UploadsModules): TakeUpload {
  const { store, room, judge } = modules;
  let openCount = 0;

  async function take(kind: UploadKind, body: AsyncIterable<Uint8Array>): Promise<Hex> {
    const path = join(folder, randomBytes(12).toString("hex"));
    const hasher = kind === "tensor" ? openTensorHasher() : undefined;
    const file = await open(path, "wx");
    let length = 0;
    let isKept = false;
    try {
      for await (const part of body) {
        if (length + part.length > maxBytes[kind]) throw tooLarge(kind, maxBytes[kind], length + part.length);
        room.take(part.length);
        length += part.length;
        hasher?.update(part);
        await file.appendFile(part);
      }
      if (length === 0) throw new UploadError("empty", `a ${kind} of no bytes has no content`);
      const root =
        hasher?.root() ??
        (kind === "graph" ? await judge(path) : smallRoots[kind as "roots" | "job"](await readFile(path)));
      await file.sync();
      isKept = await store.adopt(root, path);
      return root;
    } finally {
      await file.close();
      if (!isKept) {
        room.free(length);
        await rm(path, { force: true });
      }
    }
  }

  return async (kind, announced, body) => {
    if (!isKind(kind))
      throw new UploadError("upload-kind", "nothing of this kind is stored", {
        expected: UPLOAD_KINDS.join(", "),
        actual: kind,
      });
    if (announced > maxBytes[kind]) throw tooLarge(kind, maxBytes[kind], announced);
    if (openCount >= maxOpen)
      throw new UploadError("uploads-busy", "too many uploads at once", { expected: maxOpen, hint: "try again" });
    openCount++;
    try {
      return await take(kind, body);
    } finally {
      openCount--;
    }
  };
}

const isKind = (kind: string): kind is UploadKind => (UPLOAD_KINDS as readonly string[]).includes(kind);

const tooLarge = (kind: UploadKind, expected: number, actual: number): UploadError =>
  new UploadError("too-large", `this ${kind} is too large to be stored`, {
    expected: `at most ${expected} bytes`,
    actual,
  });
