import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import express, { type NextFunction, type Request, type Response, type Router } from "express";
import type { Hex } from "viem";
import { AnhError } from "../../common/errors.ts";
import type { BlobSource, ClaimSource } from "./source.ts";
import { UploadError } from "./upload.ts";
import type { TakeUpload } from "./uploads.ts";

export type DataModules = {
  /** Looked at first, and sent as it is read: a dataset in memory per download would be too much. */
  readonly stored?: (root: Hex) => Promise<FileHandle | undefined>;
  /** Content that lies in no file. */
  readonly blob?: BlobSource;
  /** Absent at a node that claims nothing. */
  readonly claims?: ClaimSource;
  /** Takes in an upload and gives its root, or throws; absent where nothing may be uploaded. */
  readonly upload?: TakeUpload;
};

export class DataRequestError extends AnhError {}

const HASH = /^0x[0-9a-f]{64}$/;
const COUNT = /^(0|[1-9][0-9]{0,9})$/;

/** The read-only data service (P9) as a router: every answer is content that its reader checks against a root. */
export function dataRouter(modules: DataModules): Router {
  const router = express.Router();
  const { stored, blob, claims, upload } = modules;

  router.get("/v1/blob/:root", async (request, response) => {
    const root = hashOf(request.params.root);
    const file = await stored?.(root);
    if (file === undefined) sendBytes(response, await blob?.(root));
    else await sendFile(response, file);
  });
  if (upload !== undefined) {
    router.put("/v1/blob/:kind", async (request, response) => {
      if (request.headers["content-encoding"] !== undefined)
        throw new UploadError("upload-encoding", "uploads are taken as they are, without a content encoding");
      const announced = Number(request.headers["content-length"] ?? 0);
      // Who is refused half way shall read why: the connection stays, and the rest is thrown away.
      const body = request.iterator({ destroyOnReturn: false });
      response.json({ root: await upload(request.params.kind as string, announced, body) });
    });
  }
  if (claims !== undefined) {
    router.get("/v1/claim/:claim", async (request, response) => {
      const from = request.query.from === undefined ? 0 : countOf(String(request.query.from));
      const segments = await claims.segments(hashOf(request.params.claim));
      sendJson(response, segments && { segments: segments.slice(from, from + SEGMENTS_AT_ONCE) });
    });
    router.get("/v1/claim/:claim/segment/:segment", async (request, response) => {
      const steps = await claims.stepHashes(hashOf(request.params.claim), countOf(request.params.segment));
      sendJson(response, steps === undefined ? undefined : { steps });
    });
    router.get("/v1/claim/:claim/step/:step", async (request, response) => {
      sendJson(response, await claims.stepRoots(hashOf(request.params.claim), countOf(request.params.step)));
    });
    router.get("/v1/claim/:claim/step/:step/:place/:index", async (request, response) => {
      const { claim, step, place, index } = request.params;
      sendBytes(response, await claims.value(hashOf(claim), countOf(step), countOf(place), countOf(index)));
    });
  }
  router.use(answerError);
  return router;
}

/** Of a claim in one answer (P9.2): a megabyte where segments have 64 steps. */
export const SEGMENTS_AT_ONCE = 1024;

function hashOf(text: string): Hex {
  if (!HASH.test(text))
    throw new DataRequestError("bad-root", "not a root", { expected: "0x and 64 lower-case hex digits", actual: text });
  return text as Hex;
}

function countOf(text: string): number {
  if (!COUNT.test(text))
    throw new DataRequestError("bad-index", "not an index", { expected: "a decimal number", actual: text });
  return Number(text);
}

function sendBytes(response: Response, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) sendJson(response, undefined);
  // Buffer.from shares the memory; express would otherwise encode a Uint8Array as JSON.
  else response.type("application/octet-stream").send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

async function sendFile(response: Response, file: FileHandle): Promise<void> {
  try {
    response.type("application/octet-stream").setHeader("content-length", (await file.stat()).size);
    await pipeline(file.createReadStream({ autoClose: false }), response);
  } catch (error) {
    // A reader that hung up, or a disk that failed half way: the reader checks the length and the root.
    if (!response.headersSent) throw error;
    response.destroy();
  } finally {
    await file.close();
  }
}

function sendJson(response: Response, body: object | undefined): void {
  if (body === undefined) response.status(404).json({ code: "not-here", message: "this service does not have it" });
  else response.json(body);
}

function answerError(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) next(error);
  else if (error instanceof AnhError) response.status(STATUS[error.code] ?? 400).json(error.toJSON());
  else response.status(500).json({ code: "internal", message: String(error) });
}

const STATUS: Readonly<Record<string, number>> = { "too-large": 413, "uploads-busy": 503, "uploads-full": 507 };
