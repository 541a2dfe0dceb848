// Identities of results: ids, tasks, claims, traces, graphs. TypeScript writes them, Solidity must agree.
import type { Hex } from "viem";
import { hexOf } from "../../../common/bytes.ts";
import { claimHash, NO_FAILURE, type ResultClaim, segmentLeafHash, stepTraceHash } from "../../../common/claim.ts";
import {
  constantHash,
  feedHash,
  graphHeaderHash,
  nextStateHash,
  nodeHash,
  stateInputHash,
} from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import type { Job } from "../../../common/job.ts";
import { commissionTask, evaluateTask, inferTask, type Task, taskHash, trainTask } from "../../../common/task.ts";
import { type Random, seededRandom } from "../../support/random.ts";
import { MAX_U32 } from "./bounds.ts";
import { word } from "./draws.ts";
import { feedOf, graphValueOf, headerOf, nodeOf, stateInputOf } from "./graphs.ts";
import { commissionOf, edgeJobs, jobOf } from "./jobs.ts";
import { commissionVerdicts, verdicts } from "./verdicts.ts";

const claimOf = (random: Random, consumed: number, output: number): ResultClaim => ({
  id: word(random),
  claimant: hexOf(random.bytes(20)),
  taskHash: word(random),
  seed: random.below(2) === 0 ? ZERO_HASH : word(random),
  resultRoot: word(random),
  trajectoryRoot: word(random),
  consumed: Array.from({ length: consumed }, () => word(random)),
  output: hexOf(random.bytes(output)),
  salt: output === 0 ? ZERO_HASH : hexOf(new Uint8Array(32).fill(output % 251)),
  failure:
    output % 2 === 0 ? NO_FAILURE : { steps: MAX_U32 - output, node: output, element: 2n ** 64n - BigInt(output) },
});

type TaskVector = { job: Job; kind: number; inputRoot: Hex; rows: number; task: Task; hash: Hex };

function taskVectors(job: Job, random: Random): TaskVector[] {
  const inputRoot = word(random);
  const rows = job.evaluateBatchRows * (1 + random.below(200));
  return [
    job.profile === 2
      ? { kind: 4, inputRoot, rows: 0, task: commissionTask(job, inputRoot) }
      : { kind: 1, inputRoot: ZERO_HASH, rows: 0, task: trainTask(job) },
    { kind: 2, inputRoot, rows: 0, task: inferTask(job, inputRoot) },
    { kind: 3, inputRoot, rows, task: evaluateTask(job, inputRoot, rows) },
  ].map((vector) => ({ job, ...vector, hash: taskHash(vector.task) }));
}

export function claimVectors() {
  const random = seededRandom(20);
  const commissions = seededRandom(21);
  const jobs = [
    ...edgeJobs(random),
    ...Array.from({ length: 3 }, () => jobOf(random)),
    ...Array.from({ length: 3 }, () => commissionOf(commissions)),
  ];
  const claims = [
    [0, 0],
    [1, 4],
    [1, 1024],
    [3, 33],
  ].map(([consumed, output]) => claimOf(random, consumed!, output!));
  const traces = Array.from({ length: 3 }, () => ({
    stateIn: word(random),
    feedsRoot: word(random),
    exactRoot: word(random),
    looseRoot: random.below(2) === 0 ? ZERO_HASH : word(random),
    stateOut: word(random),
  }));
  const leaves = [0, 1, MAX_U32].map((index) => ({
    index,
    endState: word(random),
    metricsRoot: word(random),
    stepsRoot: index === 0 ? ZERO_HASH : word(random),
  }));
  const constants = [[], [1], [3, 0, 7], [784, 128]].map((shape) => ({ dtype: 1, shape, tensorRoot: word(random) }));
  return {
    tasks: jobs.flatMap((job) => taskVectors(job, random)),
    claims: claims.map((claim) => ({ claim, hash: claimHash(claim) })),
    traces: traces.map((trace) => ({ trace, hash: stepTraceHash(trace) })),
    leaves: leaves.map((leaf) => ({ leaf, hash: segmentLeafHash(leaf) })),
    headers: Array.from({ length: 6 }, () => headerOf(random)).map((header) => ({
      header,
      hash: graphHeaderHash(header),
    })),
    states: Array.from({ length: 4 }, () => stateInputOf(random)).map((state) => ({
      state,
      hash: stateInputHash(state),
    })),
    feeds: Array.from({ length: 4 }, () => feedOf(random)).map((feed) => ({ feed, hash: feedHash(feed) })),
    nextStates: Array.from({ length: 4 }, () => graphValueOf(random)).map((value) => ({
      value,
      hash: nextStateHash(value),
    })),
    nodes: Array.from({ length: 10 }, () => nodeOf(random)).map((node) => ({ node, hash: nodeHash(node) })),
    constants: constants.map((constant) => ({ constant, hash: constantHash(constant) })),
    verdicts: [...verdicts(random), ...commissionVerdicts(commissions)],
  };
}

export type ClaimVectors = ReturnType<typeof claimVectors>;

const BIGINT = /^\d+n$/;

/** JSON with bigints as decimal strings that end in `n`. */
export const writeVectors = (vectors: ClaimVectors): string =>
  `${JSON.stringify(vectors, (_, value) => (typeof value === "bigint" ? `${value}n` : value), 1)}\n`;
export const readVectors = (json: string): ClaimVectors =>
  JSON.parse(json, (_, value) =>
    typeof value === "string" && BIGINT.test(value) ? BigInt(value.slice(0, -1)) : value,
  );
