import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { dataRouter } from "../../verifier/data/server.ts";
import type { BlobStore } from "../../verifier/trace/store.ts";

/** The data service of a node that holds what jobs name. */
export async function startDataNode(store: BlobStore): Promise<{ url: string; stop: () => void }> {
  const app = express();
  app.use(dataRouter({ stored: store.open }));
  const server = createServer(app).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => server.close() };
}
