import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { zeroAddress } from "viem";
import { claimHash, NO_FAILURE, type ResultClaim } from "../../common/claim.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { taskHash } from "../../common/task.ts";
import type { ClaimSubject } from "../../verifier/check/claim.ts";
import { openDataClient } from "../../verifier/data/client.ts";
import { dataRouter } from "../../verifier/data/server.ts";
import { openCheckpoints } from "../../verifier/trace/checkpoint.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import { runTask } from "../../verifier/trace/run.ts";
import type { Steps } from "../../verifier/trace/steps.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { openTraces } from "../../verifier/trace/traces.ts";
import { trajectoryRoot } from "../../verifier/trace/trajectory.ts";
import type { SmallTask } from "./small-task.ts";

export type ServedClaim = { readonly subject: ClaimSubject; readonly stop: () => Promise<void> };

/** A claim whose claimant serves its traces over HTTP, but for the steps it hides. */
export async function serveClaim(task: SmallTask, steps: Steps, hidden: readonly number[] = []): Promise<ServedClaim> {
  const at = await mkdtemp(join(tmpdir(), "anh-served-"));
  const [store, checkpoints] = [openBlobStore(join(at, "blobs")), openCheckpoints(join(at, "run"), 2)];
  const gatherer = openGatherer(task.dataset);
  const { segments } = await runTask(task, { steps, gatherer, store, checkpoints });
  const traces = openTraces(task, segments, { steps, gatherer, checkpoints });
  const records = segments.map(({ record }) => record);
  const shown = (step: number) => !hidden.includes(step);
  const app = express().use(
    dataRouter({
      stored: store.open,
      claims: {
        segments: async () => records,
        stepHashes: async (_, segment) => traces.stepHashes(segment),
        stepRoots: async (_, step) => (shown(step) ? traces.roots(step) : undefined),
        value: async (_, step, place, index) => (shown(step) ? traces.value(step, place, index) : undefined),
      },
    }),
  );
  const server = createServer(app).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const claim: ResultClaim = {
    id: task.task.id,
    claimant: zeroAddress,
    taskHash: taskHash(task.task),
    seed: task.seed,
    resultRoot: records.at(-1)!.endState,
    trajectoryRoot: trajectoryRoot(records),
    consumed: [],
    output: "0x",
    salt: ZERO_HASH,
    failure: NO_FAILURE,
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const data = openDataClient({ urls: [url], timeoutMs: 5_000 });
  return {
    subject: { claimHash: claimHash(claim), claim, inputs: task, data },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await traces.close();
      await rm(at, { recursive: true });
    },
  };
}
