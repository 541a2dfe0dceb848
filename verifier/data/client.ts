import { bytesToHex, type Hex } from "viem";
import { z } from "zod";
import { AnhError } from "../../common/errors.ts";
import { decodeJob, type Job, trainId } from "../../common/job.ts";
import { treeRoot, unpackHashes } from "../../common/merkle.ts";
import { tensorRoot } from "../tensor/root.ts";
import type { StepRoots } from "../trace/step.ts";
import type { SegmentRecord } from "../trace/trajectory.ts";
import { openPatience } from "./patience.ts";

/** Nobody served it. Not proof of anything: the way on is a `demand` on L1 (P7.6). */
export class DataUnavailableError extends AnhError {}

export type DataClientOptions = {
  /** Asked in turn. A URL is a hint found in a log, never trusted. */
  readonly urls: readonly string[];
  /** Of one request. */
  readonly timeoutMs: number;
  /** For all requests to one URL together, beyond what their bytes are worth (`openPatience`); no limit if absent. */
  readonly patienceMs?: number;
  /** Once it is aborted nobody wants an answer: its reason is thrown. */
  readonly signal?: AbortSignal;
};

/** Reads P9. What comes back is checked against the root or length that the caller names, unless said otherwise. */
export type DataClient = {
  readonly tensor: (root: Hex, byteLength: number) => Promise<Uint8Array>;
  /** The roots of a dataset or a state of `count` tensors. */
  readonly roots: (root: Hex, count: number) => Promise<readonly Hex[]>;
  readonly job: (id: Hex) => Promise<Job>;
  /** A file whose root the caller computes itself (graphs). */
  readonly file: (root: Hex, maxBytes: number, rootOf: (bytes: Uint8Array) => Hex) => Promise<Uint8Array>;
  /** Unchecked: the caller compares with the trajectory root. */
  readonly segments: (claimHash: Hex, count: number) => Promise<readonly SegmentRecord[]>;
  /** Roots of the steps of a segment. Unchecked: the caller compares with the root of their tree. */
  readonly stepHashes: (claimHash: Hex, segment: number, count: number) => Promise<readonly Hex[]>;
  /** Unchecked: the caller compares with the step root. */
  readonly stepRoots: (claimHash: Hex, step: number) => Promise<StepRoots>;
  readonly value: (
    claimHash: Hex,
    step: number,
    place: number,
    index: number,
    root: Hex,
    byteLength: number,
  ) => Promise<Uint8Array>;
};

const hash = z.custom<Hex>((text) => typeof text === "string" && /^0x[0-9a-f]{64}$/.test(text), "32 bytes in hex");
const uint32 = z.number().int().min(0).max(0xffffffff);
const segmentsBody = z.object({
  segments: z.array(z.object({ index: uint32, endState: hash, metrics: z.array(uint32).max(64), stepsRoot: hash })),
});
const stepBody = z.object({
  stateIn: z.array(hash),
  feeds: z.array(hash),
  exact: z.array(hash),
  loose: z.array(hash),
  stateOut: z.array(hash),
});
const stepsBody = z.object({ steps: z.array(hash).max(64) });
const MAX_JSON_BYTES = 4 << 20;

export function openDataClient({
  urls,
  timeoutMs,
  patienceMs = Number.POSITIVE_INFINITY,
  signal,
}: DataClientOptions): DataClient {
  const servers = urls.map((url) => ({ url: url.replace(/\/$/, ""), patience: openPatience(patienceMs) }));
  /** The first answer that `check` does not throw on. */
  async function ask<T>(path: string, maxBytes: number, check: (bytes: Uint8Array) => T): Promise<T> {
    const faults: string[] = [];
    for (const { url, patience } of servers) {
      signal?.throwIfAborted();
      try {
        const leftMs = Math.min(timeoutMs, patience.leftMs());
        if (leftMs <= 0) throw new Error("slower than anybody would wait for");
        const get = (received: (bytes: number) => void) =>
          download(`${url}/v1/${path}`, maxBytes, limitOf(leftMs, signal), received);
        return check(await patience.during(get));
      } catch (error) {
        signal?.throwIfAborted();
        faults.push(`${url}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    throw new DataUnavailableError("data-unavailable", `nobody serves ${path}`, {
      expected: "content that gives its root",
      actual: faults.join("; ") || "no data URL is known",
    });
  }
  const json = <T>(path: string, schema: z.ZodType<T>): Promise<T> =>
    ask(path, MAX_JSON_BYTES, (bytes) => schema.parse(JSON.parse(Buffer.from(bytes).toString())));
  const checkedTensor = (root: Hex, byteLength: number) => (bytes: Uint8Array) => {
    if (bytes.length !== byteLength) throw mismatch(`${byteLength} bytes`, `${bytes.length} bytes`);
    const actual = tensorRoot(bytes);
    if (actual !== root) throw mismatch(root, actual);
    return bytes;
  };
  return {
    tensor: (root, byteLength) => ask(`blob/${root}`, byteLength, checkedTensor(root, byteLength)),
    roots: async (root, count) => {
      if (count === 1) return [root];
      return ask(`blob/${root}`, 32 * count, (bytes) => {
        if (bytes.length !== 32 * count) throw mismatch(`${32 * count} bytes`, `${bytes.length} bytes`);
        const roots = unpackHashes(bytes);
        const actual = treeRoot(roots);
        if (actual !== root) throw mismatch(root, actual);
        return roots;
      });
    },
    job: (id) =>
      ask(`blob/${id}`, 4096, (bytes) => {
        const job = decodeJob(bytesToHex(bytes));
        const actual = trainId(job);
        if (actual !== id) throw mismatch(id, actual);
        return job;
      }),
    file: (root, maxBytes, rootOf) =>
      ask(`blob/${root}`, maxBytes, (bytes) => {
        const actual = rootOf(bytes);
        if (actual !== root) throw mismatch(root, actual);
        return bytes;
      }),
    segments: async (claimHash, count) => {
      const all: SegmentRecord[] = [];
      while (all.length < count) {
        const from = all.length;
        const { segments } = await json(`claim/${claimHash}${from === 0 ? "" : `?from=${from}`}`, segmentsBody);
        if (segments.length === 0 || segments.some((segment, i) => segment.index !== from + i))
          throw mismatch(`${count} segments in order`, from + segments.length);
        all.push(...segments);
      }
      if (all.length !== count) throw mismatch(`${count} segments`, all.length);
      return all;
    },
    stepHashes: async (claimHash, segment, count) => {
      const { steps } = await json(`claim/${claimHash}/segment/${segment}`, stepsBody);
      if (steps.length !== count) throw mismatch(`${count} step roots`, steps.length);
      return steps;
    },
    stepRoots: (claimHash, step) => json(`claim/${claimHash}/step/${step}`, stepBody),
    value: (claimHash, step, place, index, root, byteLength) =>
      ask(`claim/${claimHash}/step/${step}/${place}/${index}`, byteLength, checkedTensor(root, byteLength)),
  };
}

const mismatch = (expected: unknown, actual: unknown): DataUnavailableError =>
  new DataUnavailableError("data-mismatch", `content does not match: expected ${expected}, got ${actual}`, {
    expected,
    actual,
  });

const limitOf = (timeoutMs: number, signal: AbortSignal | undefined): AbortSignal => {
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs));
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
};

/** At most `maxBytes`, whatever the other side says or sends; over shared memory, because a dataset is read by other
 * threads and is too large to be copied for each. */
async function download(
  url: string,
  maxBytes: number,
  signal: AbortSignal,
  received: (bytes: number) => void,
): Promise<Uint8Array> {
  const response = await fetch(url, { signal, redirect: "error" });
  if (response.status === 404)
    throw new DataUnavailableError("data-missing", "it is not stored there", {
      expected: "status 200",
      actual: 404,
      hint: "a replica has nothing that was stored with another node: name the sequencer's URL, or the one it was stored with",
    });
  if (!response.ok || response.body === null) throw mismatch("status 200", response.status);
  const announced = Number(response.headers.get("content-length") ?? maxBytes);
  if (!(announced <= maxBytes)) throw mismatch(`at most ${maxBytes} bytes`, announced);
  const bytes = new Uint8Array(new SharedArrayBuffer(announced));
  let length = 0;
  for await (const part of response.body) {
    if (length + part.length > announced) throw mismatch(`at most ${announced} bytes`, "more");
    bytes.set(part, length);
    length += part.length;
    received(part.length);
  }
  return bytes.subarray(0, length);
}
