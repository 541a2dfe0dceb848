// The node as a process: reads its settings, runs until it is told to stop, and reports as NDJSON on stdout.

import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { decodeChainFile } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";
import { MAX_GRAPH_BYTES } from "../verifier/data/graph-blob.ts";
import { openGraphJudge } from "../verifier/data/graph-judge.ts";
import { dataRouter } from "../verifier/data/server.ts";
import { bytesUnder, openRoom } from "../verifier/data/upload-room.ts";
import { openUploads, type TakeUpload } from "../verifier/data/uploads.ts";
import { type BlobStore, openBlobStore } from "../verifier/trace/store.ts";
import { type NodeConfig, readConfig } from "./config.ts";
import { checkGenesis } from "./execution/check-genesis.ts";
import type { Execution } from "./execution/execution.ts";
import { readGenesisFile } from "./execution/genesis-file.ts";
import { type NodeEvent, startNode } from "./node.ts";

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

async function main(config: NodeConfig): Promise<void> {
  const log = pino({ name: "node", level: config.logLevel }, pino.destination(2));
  const events = (event: NodeEvent): void => {
    const line = { service: config.role, pid: process.pid, time: new Date().toISOString(), ...event };
    process.stdout.write(
      `${JSON.stringify(line, (_, value) => (typeof value === "bigint" ? value.toString() : value))}\n`,
    );
  };
  let end: (code: number) => void = (code) => process.exit(code);
  const chain = decodeChainFile(readFileSync(config.chainFile, "utf8"));
  checkGenesis(chain.genesis, config.genesis === undefined ? undefined : readGenesisFile(config.genesis));
  const blobFolder = join(config.dataDir, "blobs");
  const blobs = openBlobStore(blobFolder);
  const upload = await uploadsInto(blobs, blobFolder, config);
  const node = await startNode(config, {
    chain,
    routers: (execution) => [blobRouter(blobs, upload, execution)],
    blobs: blobFolder,
    events,
    onFatal: (error) => {
      log.fatal(error);
      end(1);
    },
    clientVersion: "anh/0.1.0",
  });
  end = (code) => {
    node.close().finally(() => process.exit(code));
  };
  events({ event: "ready", role: config.role, url: node.url });
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  end(0);
}

if (import.meta.main) {
  try {
    await main(readConfig(process.argv.slice(2), process.env));
  } catch (error) {
    if (!(error instanceof AnhError)) throw error;
    const { message, expected, actual, hint } = error;
    const compared = expected === undefined ? [] : [`expected ${expected}`, `actual ${actual}`];
    process.stderr.write(`${[message, ...compared, ...(hint ? [hint] : [])].join("\n")}\n`);
    process.exit(EXIT_CONFIG);
  }
}
