import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { bytesToHex, type Hex, numberToHex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ZERO_HASH } from "../../../common/hash.ts";
import { packHashes, treeRoot } from "../../../common/merkle.ts";
import { DataUnavailableError, openDataClient } from "../../../verifier/data/client.ts";
import { dataRouter } from "../../../verifier/data/server.ts";
import { tensorRoot } from "../../../verifier/tensor/root.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { testUploads } from "../../support/uploads.ts";

const CLAIM: Hex = `0x${"c1".repeat(32)}`;
const segments = [{ index: 0, endState: ZERO_HASH, metrics: [7], stepsRoot: ZERO_HASH }];
const LONG: Hex = `0x${"10".repeat(32)}`;
/** Beyond what one answer may hold as JSON: 4 MiB. */
const many = Array.from({ length: 6000 }, (_, index) => ({
  index,
  endState: numberToHex(index, { size: 32 }),
  metrics: Array.from({ length: 64 }, (_, i) => 0xc0000000 + i),
  stepsRoot: ZERO_HASH,
}));
const step = { stateIn: [ZERO_HASH], feeds: [], exact: [CLAIM], loose: [], stateOut: [ZERO_HASH] };
const value = Uint8Array.from([1, 2, 3, 4]);

const folder = mkdtempSync(join(tmpdir(), "anh-data-"));
const store = openBlobStore(join(folder, "blobs"));
const blobs = new Map<Hex, Uint8Array>();
let server: Server;
let url: string;

beforeAll(async () => {
  const app = express();
  app.use(
    dataRouter({
      stored: store.open,
      blob: async (root) => blobs.get(root),
      claims: {
        segments: async (claim) => ({ [CLAIM]: segments, [LONG]: many })[claim],
        stepHashes: async (claim, s) => (claim === CLAIM && s === 0 ? [CLAIM] : undefined),
        stepRoots: async (claim, t) => (claim === CLAIM && t === 3 ? step : undefined),
        value: async (claim, t, place, index) =>
          claim === CLAIM && t === 3 && place === 4 && index === 0 ? value : undefined,
      },
      upload: testUploads(folder, 4096),
    }),
  );
  server = createServer(app).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const put = (kind: string, body: Uint8Array<ArrayBuffer>) => fetch(`${url}/v1/blob/${kind}`, { method: "PUT", body });
const client = (...urls: string[]) => openDataClient({ urls, timeoutMs: 2000 });

describe("a stored file", () => {
  it.each([1, 65_536, 1_000_001])("of %i bytes is sent as it is", async (length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
    await store.put(tensorRoot(bytes), bytes);
    expect(await client(url).tensor(tensorRoot(bytes), length)).toEqual(bytes);
  });

  it("with a flipped bit is refused by its reader", async () => {
    const bytes = new Uint8Array(5000).fill(9);
    await store.put(tensorRoot(bytes), bytes.with(4999, 8));
    await expect(client(url).tensor(tensorRoot(bytes), 5000)).rejects.toThrow(DataUnavailableError);
  });

  it("is sent to the next reader after one hung up", async () => {
    const bytes = new Uint8Array(8 << 20);
    await store.put(CLAIM, bytes);
    const stop = new AbortController();
    await fetch(`${url}/v1/blob/${CLAIM}`, { signal: stop.signal });
    stop.abort();
    expect((await fetch(`${url}/v1/blob/${CLAIM}`)).headers.get("content-length")).toBe(String(8 << 20));
  });
});

describe("uploads", () => {
  it("give back the root their bytes have", async () => {
    const bytes = new Uint8Array(2000).fill(3);
    expect(await (await put("tensor", bytes)).json()).toEqual({ root: tensorRoot(bytes) });
    const list = [tensorRoot(bytes), CLAIM];
    const answer = await put("roots", Uint8Array.from(packHashes(list)));
    expect(await answer.json()).toEqual({ root: treeRoot(list) });
  });

  it.each([
    ["tensor", 0],
    ["roots", 32],
    ["roots", 65],
    ["job", 64],
    ["weights", 8],
  ])("of %s with %i bytes are refused with a typed error", async (kind, length) => {
    const answer = await put(kind, new Uint8Array(length));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toHaveProperty("code");
  });

  it("beyond the limit are refused, announced or not, the answer is read, and nothing is kept", async () => {
    const bytes = new Uint8Array(4097);
    expect((await put("tensor", bytes)).status).toBe(413);
    const stream = new Blob([bytes]).stream();
    const answer = await fetch(`${url}/v1/blob/tensor`, { method: "PUT", body: stream, duplex: "half" } as RequestInit);
    expect([answer.status, await answer.json()]).toMatchObject([413, { code: "too-large" }]);
    expect(await store.get(tensorRoot(bytes))).toBeUndefined();
  });

  it("in a content encoding are refused: a few bytes might stand for many", async () => {
    const headers = { "content-encoding": "gzip" };
    const answer = await fetch(`${url}/v1/blob/tensor`, { method: "PUT", body: new Uint8Array(8), headers });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: "upload-encoding" }]);
  });
});

describe("requests", () => {
  it.each([
    "/v1/blob/0x12",
    `/v1/blob/${CLAIM.toUpperCase()}`,
    `/v1/claim/${CLAIM}?from=-1`,
    `/v1/claim/${CLAIM}/step/-1`,
    `/v1/claim/${CLAIM}/step/1e3`,
  ])("for %s are refused", async (path) => {
    expect((await fetch(url + path)).status).toBe(400);
  });
  it("for what is not there answer 404", async () => {
    expect((await fetch(`${url}/v1/blob/${ZERO_HASH}`)).status).toBe(404);
    expect((await fetch(`${url}/v1/claim/${ZERO_HASH}`)).status).toBe(404);
  });
});

describe("the client", () => {
  it("reads segments, steps and values", async () => {
    expect(await client(url).segments(CLAIM, 1)).toEqual(segments);
    expect(await client(url).stepHashes(CLAIM, 0, 1)).toEqual([CLAIM]);
    expect(await client(url).stepRoots(CLAIM, 3)).toEqual(step);
    expect(await client(url).value(CLAIM, 3, 4, 0, tensorRoot(value), 4)).toEqual(value);
  });

  it("reads a claim of many segments in parts", async () => {
    expect(await client(url).segments(LONG, many.length)).toEqual(many);
    await expect(client(url).segments(LONG, many.length - 1)).rejects.toThrow(DataUnavailableError);
    await expect(client(url).segments(LONG, many.length + 1)).rejects.toThrow(DataUnavailableError);
  });

  it("is answered with what is left from a number on, at most 1,024", async () => {
    const indices = async (from: number) => {
      const answer = await (await fetch(`${url}/v1/claim/${LONG}?from=${from}`)).json();
      return (answer as { segments: typeof many }).segments.map(({ index }) => index);
    };
    expect(await indices(0)).toEqual(Array.from({ length: 1024 }, (_, i) => i));
    expect(await indices(5998)).toEqual([5998, 5999]);
    expect(await indices(6000)).toEqual([]);
  });

  it("refuses content that does not give the root, has another length, or is longer than it may be", async () => {
    const bytes = new Uint8Array(100).fill(9);
    const root = tensorRoot(bytes);
    blobs.set(root, new Uint8Array(100));
    await expect(client(url).tensor(root, 100)).rejects.toThrow(DataUnavailableError);
    blobs.set(root, bytes);
    await expect(client(url).tensor(root, 99)).rejects.toThrow(DataUnavailableError);
    await expect(client(url).tensor(root, 101)).rejects.toThrow(DataUnavailableError);
    expect(bytesToHex(await client(url).tensor(root, 100))).toBe(bytesToHex(bytes));
    await expect(client(url).segments(CLAIM, 2)).rejects.toThrow(DataUnavailableError);
  });

  it("goes to the next URL when one is dead, and says what it tried when all are", async () => {
    const root = tensorRoot(value);
    blobs.set(root, value);
    expect(await client("http://127.0.0.1:1", url).tensor(root, 4)).toEqual(value);
    await expect(client("http://127.0.0.1:1").tensor(root, 4)).rejects.toThrow(DataUnavailableError);
    await expect(client().tensor(root, 4)).rejects.toThrow(DataUnavailableError);
  });

  it("needs no download for a list of one", async () => {
    expect(await client().roots(CLAIM, 1)).toEqual([CLAIM]);
  });
});
