// A claim that a run fails, true or not, whose claimant serves what it commits to.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { type Address, type Hex, zeroAddress } from "viem";
import { claimHash, type Failure } from "../../common/claim.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { segmentCount, stepsInSegment } from "../../common/task.ts";
import type { ClaimSubject } from "../../verifier/check/claim.ts";
import { type PreparedClaim, prepareClaim } from "../../verifier/claims/claim-input.ts";
import { openDataClient } from "../../verifier/data/client.ts";
import { dataRouter } from "../../verifier/data/server.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { bytesOf, type Tensor } from "../../verifier/tensor/tensor.ts";
import type { Checkpoint } from "../../verifier/trace/checkpoint.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import { claimedRun, rowOrderOf } from "../../verifier/trace/inputs.ts";
import { computeSegment } from "../../verifier/trace/run.ts";
import { rootOfList } from "../../verifier/trace/step.ts";
import type { Steps } from "../../verifier/trace/steps.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { openTraces, type Traces } from "../../verifier/trace/traces.ts";
import type { SmallTask } from "./small-task.ts";

export type FailedClaim = PreparedClaim & {
  readonly hash: Hex;
  readonly subject: ClaimSubject;
  readonly traces: Traces;
  readonly stop: () => Promise<void>;
};

/**
 * Computes as it is told, and looks at nothing that an executor would decline for.
 * @param inputs the run that is committed to, if it is another
 */
export async function failedClaim(
  task: SmallTask,
  steps: Steps,
  failure: Failure,
  claimant: Address = zeroAddress,
  inputs = claimedRun(task, failure),
): Promise<FailedClaim> {
  const at = await mkdtemp(join(tmpdir(), "anh-failed-"));
  const gatherer = openGatherer(task.dataset);
  const segments: Checkpoint[] = [];
  const ends: (readonly Tensor[])[] = [];
  let state = inputs.start;
  for (let index = 0; index < segmentCount(inputs.task); index++) {
    const first = index * inputs.task.segmentSteps;
    const feeds = await gatherer.feeds(rowOrderOf(inputs), first, stepsInSegment(inputs.task, index));
    const { state: end, metrics, stepRoots } = await computeSegment(inputs, steps, index, state, feeds);
    state = end;
    ends.push(state);
    const stateRoots = state.map((tensor) => tensorRoot(bytesOf(tensor)));
    const stepsRoot = stepRoots.length === 0 ? ZERO_HASH : rootOfList(stepRoots);
    segments.push({ record: { index, endState: rootOfList(stateRoots), metrics, stepsRoot }, stateRoots, stepRoots });
  }
  const checkpoints = { state: async ({ record }: Checkpoint) => [...ends[record.index]!] };
  const traces = openTraces(inputs, segments, { steps, gatherer, checkpoints });
  const app = express().use(
    dataRouter({
      stored: openBlobStore(join(at, "blobs")).open,
      claims: {
        segments: async () => segments.map(({ record }) => record),
        stepHashes: async (_, segment) => traces.stepHashes(segment),
        stepRoots: async (_, step) => traces.roots(step),
        value: async (_, step, place, index) => traces.value(step, place, index),
      },
    }),
  );
  const server = createServer(app).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const dataUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const terms = { job: task.job, claimant, seed: task.seed, consumed: undefined, salt: ZERO_HASH, dataUrl };
  const prepared = prepareClaim({ inputs: task, result: { segments, state, failure } }, terms);
  const data = openDataClient({ urls: [dataUrl], timeoutMs: 5_000 });
  const hash = claimHash(prepared.claim);
  return {
    ...prepared,
    hash,
    subject: { claimHash: hash, claim: prepared.claim, inputs: claimedRun(task, failure), data },
    traces,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await traces.close();
      await rm(at, { recursive: true });
    },
  };
}
