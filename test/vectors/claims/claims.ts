// Identities of results: ids, tasks, claims, traces, graphs. TypeScript writes them, Solidity must agree.
import { type Hex, hexToBigInt } from "viem";
import { hexOf } from "../../../common/bytes.ts";
import { claimHash, type ResultClaim, segmentLeafHash, stepTraceHash } from "../../../common/claim.ts";
import {
  constantHash,
  type EncodedGraphHeader,
  type EncodedNode,
  graphHeaderHash,
  NO_VALUE,
  nodeHash,
} from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import type { Job } from "../../../common/job.ts";
import { evaluateTask, inferTask, type Task, taskHash, trainTask } from "../../../common/task.ts";
import { type Random, seededRandom } from "../../support/random.ts";

const MAX_U32 = 0xffff_ffff;
const MAX_U64 = 2n ** 64n - 1n;

const word = (random: Random): Hex => hexOf(random.bytes(32));
const number = (random: Random, bytes: number): bigint => hexToBigInt(hexOf(random.bytes(bytes)));

const graphRef = (random: Random) => ({ root: word(random), flops: number(random, 5), bytes_: number(random, 8) });

function jobOf(random: Random): Job {
  const evaluateBatchRows = 1 + random.below(100);
  return {
    chainId: number(random, 4),
    requester: hexOf(random.bytes(20)),
    salt: word(random),
    trainGraph: graphRef(random),
    inferGraph: graphRef(random),
    evaluateGraph: graphRef(random),
    datasetRoot: word(random),
    datasetRows: 1000n + number(random, 3),
    datasetBytes: number(random, 8),
    startRoot: word(random),
    stateBytes: number(random, 8),
    steps: 1 + random.below(MAX_U32),
    segmentSteps: 1 + random.below(64),
    batchRows: 1 + random.below(1000),
    evaluateBatchRows,
    profile: random.below(2),
    flags: 1 + 2 * random.below(8), // stepRoots, which the tolerant profile requires
    priceWeiPerGflop: number(random, 10),
    deadline: number(random, 8),
    windowSeconds: random.below(MAX_U32),
  };
}

/** Jobs at the edges of their fields. */
function edgeJobs(random: Random): Job[] {
  const base = jobOf(random);
  const greatest = { root: word(random), flops: MAX_U64, bytes_: MAX_U64 };
  return [
    { ...base, steps: 1, segmentSteps: 1, batchRows: 1, datasetRows: 1n, priceWeiPerGflop: 0n, profile: 0, flags: 0 },
    { ...base, steps: 1, segmentSteps: 64, priceWeiPerGflop: 1n, trainGraph: { ...greatest, flops: 1n }, flags: 15 },
    {
      ...base,
      steps: MAX_U32,
      segmentSteps: 64,
      batchRows: MAX_U32,
      datasetRows: MAX_U64,
      datasetBytes: MAX_U64,
      stateBytes: MAX_U64,
      trainGraph: greatest,
      priceWeiPerGflop: 2n ** 128n,
      deadline: MAX_U64,
      windowSeconds: MAX_U32,
      flags: 15,
      profile: 1,
    },
  ];
}

const shapeOf = (random: Random, rank: number): number[] =>
  Array.from({ length: rank }, () => 1 + random.below(1 << 20));
const graphValueOf = (random: Random) => ({
  place: random.below(7),
  index: random.below(MAX_U32),
  dtype: random.pick([1, 2, 6, 7, 9]),
  shape: shapeOf(random, random.below(5)),
});

function nodeOf(random: Random): EncodedNode {
  const layout = random.below(2) === 0 ? [] : shapeOf(random, 3);
  return {
    op: random.below(66),
    attributes: hexOf(random.bytes(random.below(100))),
    inputs: Array.from({ length: random.below(4) }, () => ({
      value: graphValueOf(random),
      layoutPlace: layout.length === 0 ? 0 : 4,
      layoutIndex: layout.length === 0 ? 0 : random.below(1000),
      layout,
    })),
    outputs: Array.from({ length: random.below(3) }, () => graphValueOf(random)),
    flops: number(random, 8),
    bytes_: number(random, 8),
  };
}

const headerOf = (random: Random): EncodedGraphHeader => ({
  kind: 1 + random.below(3),
  states: Array.from({ length: random.below(5) }, () => ({
    dtype: 1,
    shape: shapeOf(random, random.below(4)),
    source: random.pick([0, 1, MAX_U32]),
  })),
  feeds: Array.from({ length: random.below(3) }, () => ({ dtype: 2, shape: shapeOf(random, 2) })),
  nextStates: Array.from({ length: random.below(5) }, () => graphValueOf(random)),
  loss: random.below(2) === 0 ? NO_VALUE : graphValueOf(random),
  constants: random.below(MAX_U32),
  nodes: random.below(MAX_U32),
  exactCount: random.below(MAX_U32),
  looseCount: random.below(MAX_U32),
});

const claimOf = (random: Random, consumed: number, output: number): ResultClaim => ({
  id: word(random),
  claimant: hexOf(random.bytes(20)),
  taskHash: word(random),
  seed: random.below(2) === 0 ? ZERO_HASH : word(random),
  resultRoot: word(random),
  trajectoryRoot: word(random),
  consumed: Array.from({ length: consumed }, () => word(random)),
  output: hexOf(random.bytes(output)),
});

type TaskVector = { job: Job; kind: number; inputRoot: Hex; rows: number; task: Task; hash: Hex };

function taskVectors(job: Job, random: Random): TaskVector[] {
  const inputRoot = word(random);
  const rows = job.evaluateBatchRows * (1 + random.below(200));
  return [
    { kind: 1, inputRoot: ZERO_HASH, rows: 0, task: trainTask(job) },
    { kind: 2, inputRoot, rows: 0, task: inferTask(job, inputRoot) },
    { kind: 3, inputRoot, rows, task: evaluateTask(job, inputRoot, rows) },
  ].map((vector) => ({ job, ...vector, hash: taskHash(vector.task) }));
}

export function claimVectors() {
  const random = seededRandom(20);
  const jobs = [...edgeJobs(random), ...Array.from({ length: 3 }, () => jobOf(random))];
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
    nodes: Array.from({ length: 10 }, () => nodeOf(random)).map((node) => ({ node, hash: nodeHash(node) })),
    constants: constants.map((constant) => ({ constant, hash: constantHash(constant) })),
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
