import type { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { toBlobs } from "../../../common/blob.ts";
import { KzgError, openKzg } from "../../../l2-node/l1/kzg.ts";

test("a question asked as soon as the dead thread's was refused is answered by the next thread", async () => {
  const threads: Worker[] = [];
  process.on("worker", (t) => threads.push(t));
  const kzg = openKzg();
  const blobs = toBlobs(Uint8Array.of(1));
  await kzg.commitments(blobs);
  const waiting = kzg.commitments(blobs).then(
    () => "answered",
    () =>
      kzg.commitments(blobs).then(
        () => "answered",
        (e) => String(e.message),
      ),
  );
  threads[0]!.emit("error", new Error("out of memory")); // as Node tells it: error first, exit later
  await threads[0]!.terminate();
  expect(await waiting).toBe("answered");
  await kzg.close();
});

test.each(["file:///nowhere.ts", "https://nowhere/kzg.ts"])(
  "where no thread can begin (%s) every question is refused",
  async (url) => {
    const kzg = openKzg(new URL(url));
    for (const _ of [1, 2])
      await expect(kzg.commitments(toBlobs(Uint8Array.of(1)))).rejects.toMatchObject({ code: "kzg-thread" });
    await expect(kzg.withProofs([])).rejects.toBeInstanceOf(KzgError);
    await kzg.close();
  },
);
