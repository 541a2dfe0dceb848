import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openGraphJudge } from "../../verifier/data/graph-judge.ts";
import { openRoom } from "../../verifier/data/upload-room.ts";
import { openUploads, type TakeUpload } from "../../verifier/data/uploads.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";

/** A node's upload door into `folder`/blobs: at most `maxBytes` per upload, `roomBytes` in all. */
export function testUploads(folder: string, maxBytes: number, roomBytes = 2 ** 30): TakeUpload {
  const uploads = join(folder, "uploads");
  mkdirSync(uploads, { recursive: true });
  const limits = { tensor: maxBytes, graph: maxBytes, roots: maxBytes, job: maxBytes };
  return openUploads(
    { folder: uploads, maxBytes: limits, maxOpen: 2 },
    {
      store: openBlobStore(join(folder, "blobs")),
      room: openRoom(roomBytes, 0),
      judge: openGraphJudge({ timeoutMs: 60_000, maxHeapMb: 1024, maxWaiting: 1 }),
    },
  );
}
