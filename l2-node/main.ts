// The node as a process: reads its settings, runs until it is told to stop, and reports as NDJSON on stdout.

import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import pino, { type Logger } from "pino";
import { AnhError } from "../common/errors.ts";
import { MAX_GRAPH_BYTES } from "../verifier/data/graph-blob.ts";
import { openGraphJudge } from "../verifier/data/graph-judge.ts";
import { dataRouter } from "../verifier/data/server.ts";
import { bytesUnder, openRoom } from "../verifier/data/upload-room.ts";
import { openUploads, type TakeUpload } from "../verifier/data/uploads.ts";
import { readChain } from "../verifier/read-chain.ts";
import { type BlobStore, openBlobStore } from "../verifier/trace/store.ts";
import { type NodeConfig, readConfig } from "./config.ts";
import { checkGenesis } from "./execution/check-genesis.ts";
import type { Execution } from "./execution/execution.ts";
import { readGenesisFile } from "./execution/genesis-file.ts";
import { type NodeEvent, startNode } from "./node.ts";

/** Another process may leave it soon; what is wrong with the settings stays wrong. */
const EXIT_UNAVAILABLE = 69;
const EXIT_CONFIG = 78;
// A dataset's tensor, a list of 32,768 tensors, and what readers take of a graph and a job.
const MAX_UPLOAD_BYTES = { tensor: 1 << 30, graph: MAX_GRAPH_BYTES, roots: 1 << 20, job: 4096 };

/** Uploads into the store; what an earlier run of the node did not finish is removed. */
async function uploadsInto(
  store: BlobStore,
  blobs: string,
  { dataDir, maxBlobBytes }: NodeConfig,
): Promise<TakeUpload> {
  const folder = join(dataDir, "uploads");
  rmSync(folder, { recursive: true, force: true });
  for (const path of [folder, blobs]) mkdirSync(path, { recursive: true });
  const room = openRoom(maxBlobBytes, await bytesUnder(blobs));
  const judge = openGraphJudge({ timeoutMs: 60_000, maxHeapMb: 2048, maxWaiting: 8 });
  return openUploads({ folder, maxBytes: MAX_UPLOAD_BYTES, maxOpen: 64 }, { store, room, judge });
}

/** What requesters upload and executors fetch, by root; inference inputs come from the chain itself. */
const blobRouter = (store: BlobStore, upload: TakeUpload, execution: Execution | undefined) =>
  dataRouter({ stored: store.open, blob: async (root) => execution?.inputBytes(root), upload });

/** Runs a node until a signal. Throws what it cannot start with, and what breaks later that no waiting cures. */
export async function nodeMain(config: NodeConfig, events: (event: NodeEvent) => void): Promise<void> {
  const fatal = Promise.withResolvers<never>();
  // It may come while nobody awaits it yet.
  fatal.promise.catch(() => {});
  const signalled = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  const chain = readChain(config.chainFile);
  checkGenesis(chain.genesis, config.genesis === undefined ? undefined : readGenesisFile(config.genesis));
  const blobFolder = join(config.dataDir, "blobs");
  const blobs = openBlobStore(blobFolder);
  const upload = await uploadsInto(blobs, blobFolder, config);
  const node = await startNode(config, {
    chain,
    routers: (execution) => [blobRouter(blobs, upload, execution)],
    blobs: blobFolder,
    events,
    onFatal: fatal.reject,
    clientVersion: "anh/0.1.0",
  });
  events({ event: "ready", role: config.role, url: node.url });
  await Promise.race([signalled, fatal.promise]).finally(() => node.close());
}

if (import.meta.main) {
  let log: Logger | undefined;
  try {
    const config = readConfig(process.argv.slice(2), process.env);
    await nodeMain(config, (event) => {
      if (event.event === "ready") log = pino({ name: "node", level: config.logLevel }, pino.destination(2));
      const line = { service: config.role, pid: process.pid, time: new Date().toISOString(), ...event };
      process.stdout.write(
        `${JSON.stringify(line, (_, value) => (typeof value === "bigint" ? value.toString() : value))}\n`,
      );
    });
    process.exit(0);
  } catch (error) {
    // What breaks a node that runs may be over when it is started again.
    log?.fatal(error);
    if (log !== undefined) process.exit(1);
    if (!(error instanceof AnhError)) throw error;
    const { code, message, expected, actual, hint } = error;
    const compared = expected === undefined ? [] : [`expected ${expected}`, `actual ${actual}`];
    process.stderr.write(`${[message, ...compared, ...(hint ? [hint] : [])].join("\n")}\n`);
    process.exit(code === "port-taken" ? EXIT_UNAVAILABLE : EXIT_CONFIG);
  }
}
