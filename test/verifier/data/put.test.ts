import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { afterEach, expect, test } from "vitest";
import { putBlob } from "../../../verifier/data/put.ts";
import { dataRouter } from "../../../verifier/data/server.ts";
import { UploadError } from "../../../verifier/data/upload.ts";
import type { TakeUpload } from "../../../verifier/data/uploads.ts";
import { tensorUploads } from "../../../verifier/model/uploads.ts";
import { float32 } from "../../../verifier/tensor/tensor.ts";
import { testUploads } from "../../support/uploads.ts";

const servers: Server[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A node's upload door, with the roots it gave. */
async function door(): Promise<{ url: string; stored: string[] }> {
  const stored: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), "anh-put-"));
  folders.push(folder);
  const take = testUploads(folder, 1_000);
  const upload: TakeUpload = async (kind, announced, body) => {
    const root = await take(kind, announced, body);
    stored.push(root);
    return root;
  };
  const app = express().use(dataRouter({ upload }));
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stored };
}

const [tensor, ...more] = tensorUploads([float32([2], [1, 2]), float32([1], [3])]);

test("bytes that give another root are refused, and the error names both", async () => {
  const { url } = await door();
  const wrong = { ...tensor!, root: more[0]!.root };
  await expect(putBlob(url, wrong)).rejects.toMatchObject({ expected: more[0]!.root, actual: tensor!.root });
});

test("what the node says against it is in the message", async () => {
  const { url } = await door();
  const empty = putBlob(url, { ...tensor!, bytes: new Uint8Array() });
  await expect(empty).rejects.toThrow(UploadError);
  await expect(empty).rejects.toThrow(/a tensor of no bytes/);
  await expect(putBlob(url, { ...tensor!, bytes: new Uint8Array(1_001) })).rejects.toThrow(/too large/);
});

test("something else that answers there is no node", async () => {
  const server = express().listen(0, "127.0.0.1");
  servers.push(server);
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(putBlob(url, tensor!)).rejects.toThrow(/HTTP 404/);
});

test("tensors and the list of their roots are stored; twice is once", async () => {
  const { url, stored } = await door();
  for (const upload of [tensor!, ...more, tensor!]) await putBlob(url, upload);
  expect(stored).toEqual([tensor!.root, ...more.map(({ root }) => root), tensor!.root]);
});

test("a connection that was kept and then given up is no failure", async () => {
  const { url, stored } = await door();
  await putBlob(url, tensor!);
  for (const server of servers) server.closeIdleConnections();
  await putBlob(url, more[0]!);
  expect(stored).toEqual([tensor!.root, more[0]!.root]);
});

test("one tensor is its own list", () => {
  expect(tensorUploads([float32([1], [3])]).map(({ kind }) => kind)).toEqual(["tensor"]);
});
