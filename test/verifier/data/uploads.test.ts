import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bytesUnder } from "../../../verifier/data/upload-room.ts";
import type { TakeUpload } from "../../../verifier/data/uploads.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { testUploads } from "../../support/uploads.ts";

const MAX = 4000;
const ROOM = 10_000;
let folder: string;
let take: TakeUpload;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "anh-uploads-"));
  take = testUploads(folder, MAX, ROOM);
});
afterEach(() => rmSync(folder, { recursive: true }));

const content = (n: number, length = MAX) => new Uint8Array(length).fill(n);
async function* pieces(bytes: Uint8Array, size = 700) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const put = (bytes: Uint8Array) => take("tensor", bytes.length, pieces(bytes));
const left = () => readdirSync(join(folder, "uploads"));
const store = () => openBlobStore(join(folder, "blobs"));

it("are stored under their root as they come, and nothing else is left", async () => {
  const bytes = content(1);
  expect(await put(bytes)).toBe(tensorRoot(bytes));
  expect(new Uint8Array((await store().get(tensorRoot(bytes)))!)).toEqual(bytes);
  expect(left()).toEqual([]);
});

it("share the disk: beyond it what is new is refused, what is there stays, and storing twice takes no more", async () => {
  for (const n of [1, 1, 1, 2]) await put(content(n));
  await expect(put(content(3))).rejects.toMatchObject({ code: "uploads-full" });
  expect([await bytesUnder(join(folder, "blobs")), left()]).toEqual([2 * MAX, []]);
  // To the last byte, and not one more.
  await expect(put(content(4, ROOM - 2 * MAX + 1))).rejects.toMatchObject({ code: "uploads-full" });
  await put(content(4, ROOM - 2 * MAX));
  await expect(put(content(5, 1))).rejects.toMatchObject({ code: "uploads-full" });
  expect(await store().get(tensorRoot(content(1)))).toBeDefined();
});

it("take no room when they are refused, break off, or are longer than they said", async () => {
  async function* broken() {
    yield content(7, 3000);
    throw new Error("hung up");
  }
  for (let n = 0; n < 4; n++) {
    await expect(take("tensor", 0, broken())).rejects.toThrow("hung up");
    await expect(take("roots", 0, pieces(content(7, 65)))).rejects.toMatchObject({ code: "bad-roots" });
    await expect(take("graph", 0, pieces(content(7, 3)))).rejects.toMatchObject({ name: "UploadError" });
    await expect(take("tensor", 1, pieces(content(7, MAX + 1)))).rejects.toMatchObject({ code: "too-large" });
    await expect(take("tensor", MAX + 1, pieces(content(7)))).rejects.toMatchObject({ code: "too-large" });
  }
  expect([left(), await put(content(1)), await put(content(2))]).toEqual([
    [],
    tensorRoot(content(1)),
    tensorRoot(content(2)),
  ]);
});

it("are few at once", async () => {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  async function* slow(n: number) {
    yield content(n, 1);
    await gate;
  }
  const first = [take("tensor", 0, slow(1)), take("tensor", 0, slow(2))];
  await expect(put(content(3))).rejects.toMatchObject({ code: "uploads-busy" });
  go();
  expect(await Promise.all(first)).toEqual([1, 2].map((n) => tensorRoot(content(n, 1))));
  await put(content(3));
});
