// The node as a process: reads its settings, runs until it is told to stop, and reports as NDJSON on stdout.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { decodeChainFile } from "../common/chain-file.ts";
import { AnhError } from "../common/errors.ts";
import { rootOfProvableGraph } from "../verifier/data/graph-blob.ts";
import { dataRouter } from "../verifier/data/server.ts";
import { plainRoots, type RootOf, UploadError } from "../verifier/data/upload.ts";
import { type BlobStore, openBlobStore } from "../verifier/trace/store.ts";
import { type NodeConfig, readConfig } from "./config.ts";
import { checkGenesis } from "./execution/check-genesis.ts";
import type { Execution } from "./execution/execution.ts";
import { readGenesisFile } from "./execution/genesis-file.ts";
import { shapesFrom } from "./execution/shapes.ts";
import { type NodeEvent, startNode } from "./node.ts";

const EXIT_CONFIG = 78;
const MAX_UPLOAD_BYTES = 1 << 30;
const ROOTS: Readonly<Record<string, RootOf>> = { ...plainRoots, graph: rootOfProvableGraph };

/** What requesters upload and executors fetch, by root; inference inputs come from the chain itself. */
function blobRouter(store: BlobStore, execution: Execution | undefined) {
  return dataRouter(
    { maxUploadBytes: MAX_UPLOAD_BYTES },
    {
      stored: store.open,
      blob: async (root) => execution?.inputBytes(root),
      upload: async (kind, bytes) => {
        const rootOf = Object.hasOwn(ROOTS, kind) ? ROOTS[kind] : undefined;
        if (!rootOf)
          throw new UploadError("upload-kind", "nothing of this kind is stored", {
            expected: Object.keys(ROOTS).join(", "),
            actual: kind,
          });
        const root = rootOf(bytes);
        await store.put(root, bytes);
        return root;
      },
    },
  );
}

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
  const blobs = openBlobStore(join(config.dataDir, "blobs"));
  const node = await startNode(config, {
    chain,
    routers: (execution) => [blobRouter(blobs, execution)],
    shapeOf: shapesFrom(blobs.get),
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
