// Identities of results: ids, tasks, claims, traces, graphs. TypeScript writes them, Solidity must agree.
import { type Hex, hexToBigInt } from "viem";
import { hexOf } from "../../../common/bytes.ts";
import { claimHash, NO_FAILURE, type ResultClaim, segmentLeafHash, stepTraceHash } from "../../../common/claim.ts";
import {
  constantHash,
  type EncodedFeed,
  type EncodedGraphHeader,
  type EncodedNode,
  type EncodedStateInput,
  feedHash,
  graphHeaderHash,
  NO_VALUE,
  nextStateHash,
  nodeHash,
  stateInputHash,
} from "../../../common/graph-encoding.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG, type Job } from "../../../common/job.ts";
import { NO_PROPERTY, type Property } from "../../../common/property.ts";
import { commissionTask, evaluateTask, inferTask, type Task, taskHash, trainTask } from "../../../common/task.ts";
import { type Random, seededRandom } from "../../support/random.ts";

const ZERO_ADDRESS = "0x0000000000000000000000000000000000000000";
const MAX_U32 = 0xffff_ffff;
const MAX_U64 = 2n ** 64n - 1n;
/** Bounds of P4.2, written out: these vectors must not follow the code. */
const MAX_WINDOW_SECONDS = 30 * 86_400;
const MAX_DEADLINE = 1n << 40n;
const PRICE_END = 1n << 128n;
const MAX_SEGMENTS = 2 ** 20;
const GIGA = 10n ** 9n;

const word = (random: Random): Hex => hexOf(random.bytes(32));
const number = (random: Random, bytes: number): bigint => hexToBigInt(hexOf(random.bytes(bytes)));

const graphRef = (random: Random) => ({ root: word(random), flops: number(random, 5), bytes_: number(random, 8) });

function jobOf(random: Random): Job {
  const evaluateBatchRows = 1 + random.below(100);
  const segmentSteps = 1 + random.below(64);
  const steps = 1 + random.below(MAX_SEGMENTS * segmentSteps);
  const batchRows = 1 + random.below(1000);
  return {
    chainId: number(random, 4),
    requester: hexOf(random.bytes(20)),
    salt: word(random),
    trainGraph: graphRef(random),
    inferGraph: graphRef(random),
    evaluateGraph: graphRef(random),
    datasetRoot: word(random),
    datasetRows: BigInt(steps) * BigInt(batchRows) + number(random, 3),
    datasetBytes: number(random, 8),
    startRoot: word(random),
    stateBytes: number(random, 8),
    steps,
    segmentSteps,
    batchRows,
    evaluateBatchRows,
    profile: random.below(2),
    flags: 1 + 2 * random.below(8), // stepRoots, which the tolerant profile requires
    priceWeiPerGflop: number(random, 10),
    deadline: number(random, 5),
    windowSeconds: random.below(MAX_WINDOW_SECONDS + 1),
    property: NO_PROPERTY,
  };
}

/** A commission that says nothing of how its weights may be come by. */
function commissionOf(random: Random): Job {
  const base = jobOf(random);
  return {
    ...base,
    trainGraph: { root: ZERO_HASH, flops: 0n, bytes_: 0n },
    datasetRoot: ZERO_HASH,
    datasetRows: 0n,
    datasetBytes: 0n,
    startRoot: ZERO_HASH,
    steps: 0,
    batchRows: 0,
    profile: 2,
    flags: 1,
    property: {
      heldOutRoot: word(random),
      heldOutRows: 1n + number(random, 3),
      heldOutBytes: number(random, 8),
      samples: base.evaluateBatchRows * (1 + random.below(1000)),
      minCorrect: random.below(base.evaluateBatchRows + 1),
      deliverer: hexOf(random.bytes(20)),
      priceWei: number(random, 16),
      validator: hexOf(random.bytes(20)),
      validatorCodeHash: word(random),
    },
  };
}

const MAX_STEPS = 64 * MAX_SEGMENTS;

/** The greatest rate that a training of all steps at all FLOPs can have. */
const HIGHEST_RATE = ((PRICE_END - 1n) * GIGA) / (BigInt(MAX_STEPS) * MAX_U64);

/** Jobs at the edges of their fields. */
function edgeJobs(random: Random): Job[] {
  const base = jobOf(random);
  const greatest = { root: word(random), flops: MAX_U64, bytes_: MAX_U64 };
  return [
    { ...base, steps: 1, segmentSteps: 1, batchRows: 1, datasetRows: 1n, priceWeiPerGflop: 0n, profile: 0, flags: 0 },
    { ...base, steps: 1, segmentSteps: 64, priceWeiPerGflop: 1n, trainGraph: { ...greatest, flops: 1n }, flags: 15 },
    {
      ...base,
      steps: MAX_STEPS,
      segmentSteps: 64,
      batchRows: MAX_U32,
      datasetRows: MAX_U64,
      datasetBytes: MAX_U64,
      stateBytes: MAX_U64,
      trainGraph: greatest,
      priceWeiPerGflop: HIGHEST_RATE,
      deadline: MAX_DEADLINE,
      windowSeconds: MAX_WINDOW_SECONDS,
      flags: 15,
      profile: 1,
    },
    {
      ...base,
      steps: 1,
      trainGraph: { ...greatest, flops: GIGA },
      inferGraph: { ...base.inferGraph, flops: GIGA },
      evaluateGraph: { ...base.evaluateGraph, flops: 0n },
      priceWeiPerGflop: PRICE_END - 1n,
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
  constants: random.below(MAX_U32),
  states: random.below(MAX_U32),
  feeds: random.below(MAX_U32),
  datasetFeeds: random.below(MAX_U32),
  nextStates: random.below(MAX_U32),
  nodes: random.below(MAX_U32),
  exactCount: random.below(MAX_U32),
  looseCount: random.below(MAX_U32),
  loss: random.below(2) === 0 ? NO_VALUE : graphValueOf(random),
});

const stateInputOf = (random: Random): EncodedStateInput => ({
  dtype: 1,
  shape: shapeOf(random, random.below(4)),
  source: random.pick([0, 1, MAX_U32]),
  init: random.below(4),
  scaleBits: random.below(MAX_U32),
});

const feedOf = (random: Random): EncodedFeed => ({
  dtype: 2,
  shape: shapeOf(random, 2),
  keep: random.pick([0, 1, MAX_U32]),
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

type Verdict = { what: string; job: Job; kind: number; rows: number; field: string };

/** Commissions around each bound of P13.1. */
function commissionVerdicts(random: Random): Verdict[] {
  const base: Job = { ...commissionOf(random), evaluateBatchRows: 8, priceWeiPerGflop: 1n };
  const property: Property = { ...base.property, samples: 80, minCorrect: 80, validator: ZERO_ADDRESS };
  const given = (what: string, change: Partial<Job>, field = "", kind = 4): Verdict => ({
    what,
    job: { ...base, property, ...change },
    kind,
    rows: kind === 3 ? 8 : 0,
    field,
  });
  const having = (what: string, change: Partial<Property>, field = "", more: Partial<Job> = {}): Verdict =>
    given(what, { ...more, property: { ...property, ...change } }, field);
  const absent = { root: ZERO_HASH, flops: 0n, bytes_: 0n };
  const recipe = { trainGraph: { ...absent, root: word(random) }, steps: 1, batchRows: 1, datasetRows: 1n };
  return [
    given("a commission", {}),
    given("a commission, trained", {}, "kind", 1),
    given("a commission, inferred", {}, "", 2),
    given("a commission, evaluated", {}, "", 3),
    given("a training, commissioned", { ...recipe, profile: 0, property: NO_PROPERTY }, "kind"),
    given("a training with a property", { ...recipe, profile: 0 }, "property", 1),
    given("with a recipe", recipe),
    given("with a recipe of no steps", { ...recipe, steps: 0 }, "steps"),
    given("with a recipe of no rows", { ...recipe, batchRows: 0 }, "batchRows"),
    given("sequential rows", { flags: JOB_FLAG.sequentialRows }, "sequentialRows"),
    given("no graph to measure with", { evaluateGraph: absent }, "evaluateGraph"),
    given("measured in batches of none", { evaluateBatchRows: 0 }, "evaluateBatchRows"),
    having("no held-out rows", { heldOutRows: 0n }, "heldOutRows"),
    having("one held-out row", { heldOutRows: 1n }),
    having("most held-out rows", { heldOutRows: 2n ** 32n - 1n }),
    having("a held-out row too many", { heldOutRows: 2n ** 32n }, "heldOutRows"),
    having("no samples", { samples: 0, minCorrect: 0 }, "samples"),
    having("half a batch of samples", { samples: 84 }, "samples"),
    having("most samples", { samples: 2 ** 24 - 8 }, "", { segmentSteps: 2 }),
    having("most samples, one by one", { samples: 2 ** 24 - 1 }, "", { evaluateBatchRows: 1, segmentSteps: 16 }),
    having("a segment for each of most samples", { samples: 2 ** 24 - 1 }, "segments", {
      evaluateBatchRows: 1,
      segmentSteps: 15,
    }),
    having("a sample too many", { samples: 2 ** 24 }, "samples"),
    having("nothing need be right", { minCorrect: 0 }),
    having("more right than there are", { minCorrect: 81 }, "minCorrect"),
    having("of whoever delivers", { deliverer: ZERO_ADDRESS }),
    having("of one that is named", { deliverer: hexOf(random.bytes(20)) }),
    having("highest price of a property", { priceWei: PRICE_END - 1n }),
    having("price of a property beyond", { priceWei: PRICE_END }, "propertyPriceWei"),
    having("a validator", { validator: hexOf(random.bytes(20)) }),
    having("a validator, softly", { validator: hexOf(random.bytes(20)) }, "validator", { flags: JOB_FLAG.soft }),
    having("softly", {}, "", { flags: JOB_FLAG.soft }),
  ];
}

/** Jobs around each bound of P4.2: `field` is what a refusal names, empty where the job is good. */
function verdicts(random: Random): Verdict[] {
  const base: Job = {
    ...jobOf(random),
    steps: 10,
    segmentSteps: 4,
    batchRows: 8,
    evaluateBatchRows: 8,
    datasetRows: 80n,
    profile: 0,
    flags: 0,
    priceWeiPerGflop: 1n,
  };
  const given = (what: string, change: Partial<Job>, field = "", kind = 1, rows = kind === 3 ? 8 : 0): Verdict => ({
    what,
    job: { ...base, ...change },
    kind,
    rows,
    field,
  });
  const flops = (count: bigint) => ({ root: word(random), flops: count, bytes_: 0n });
  const absent = { root: ZERO_HASH, flops: 0n, bytes_: 0n };
  const sequential = JOB_FLAG.sequentialRows;
  return [
    given("steps 0", { steps: 0 }, "steps"),
    given("steps 1", { steps: 1 }),
    given("segment of 0", { segmentSteps: 0 }, "segmentSteps"),
    given("segment of 1", { segmentSteps: 1 }),
    given("segment of 64", { segmentSteps: 64 }),
    given("segment of 65", { segmentSteps: 65 }, "segmentSteps"),
    given("most segments", { steps: 4 * MAX_SEGMENTS }),
    given("a segment too many", { steps: 4 * MAX_SEGMENTS + 1 }, "segments"),
    given("as many steps as fit, each a segment", { steps: MAX_U32, segmentSteps: 1 }, "segments"),
    given("evaluates most segments", { evaluateBatchRows: 1, segmentSteps: 1 }, "", 3, MAX_SEGMENTS),
    given("evaluates a segment too many", { evaluateBatchRows: 1, segmentSteps: 1 }, "segments", 3, MAX_SEGMENTS + 1),
    given("batch of 0", { batchRows: 0 }, "batchRows"),
    given("batch of all but one row", { batchRows: 79 }),
    given("batch of all rows", { batchRows: 80 }),
    given("batch of one row more", { batchRows: 81 }, "batchRows"),
    given("no rows", { batchRows: 1, datasetRows: 0n }, "batchRows"),
    given("profile 3", { profile: 3 }, "profile"),
    given("all flags of strict", { flags: 31 }),
    given("all flags", { profile: 1, flags: 63 }),
    given("an unknown flag", { flags: 64 }, "flags"),
    given("the gpu column of strict", { flags: 32 }, "gpu"),
    given("the gpu column of tolerant, without stepRoots", { profile: 1, flags: 32 }, "stepRoots"),
    given("the gpu column of tolerant", { profile: 1, flags: 33 }),
    given("tolerant with stepRoots", { profile: 1, flags: 1 }),
    given("tolerant without", { profile: 1, flags: 14 }, "stepRoots"),
    given("no training graph", { trainGraph: absent }, "trainGraph"),
    given("sequential, one row left", { flags: sequential, datasetRows: 81n }),
    given("sequential, all rows", { flags: sequential }),
    given("sequential, a row short", { flags: sequential, datasetRows: 79n }, "sequentialRows"),
    given("random, rows read again", { datasetRows: 79n }),
    given("sequential, most rows", {
      flags: sequential,
      steps: MAX_STEPS,
      segmentSteps: 64,
      batchRows: MAX_U32,
      datasetRows: BigInt(MAX_STEPS) * BigInt(MAX_U32),
      trainGraph: flops(1n),
    }),
    given(
      "sequential, most rows, one short",
      {
        flags: sequential,
        steps: MAX_STEPS,
        segmentSteps: 64,
        batchRows: MAX_U32,
        datasetRows: BigInt(MAX_STEPS) * BigInt(MAX_U32) - 1n,
      },
      "sequentialRows",
    ),
    given("highest rate but one", { priceWeiPerGflop: PRICE_END - 2n, steps: 1, trainGraph: flops(GIGA) }),
    given("highest rate", { priceWeiPerGflop: PRICE_END - 1n, steps: 1, trainGraph: flops(GIGA) }),
    given("rate 2^128", { priceWeiPerGflop: PRICE_END, steps: 1, trainGraph: flops(0n) }, "priceWeiPerGflop"),
    given("rate 2^256 - 1", { priceWeiPerGflop: 2n ** 256n - 1n }, "priceWeiPerGflop"),
    given("highest price, rounded up", { priceWeiPerGflop: PRICE_END - 1n, steps: 1, trainGraph: flops(GIGA - 1n) }),
    given("price beyond", { priceWeiPerGflop: PRICE_END - 1n, steps: 1, trainGraph: flops(GIGA + 1n) }, "priceWei"),
    given("greatest product", {
      priceWeiPerGflop: HIGHEST_RATE,
      steps: MAX_STEPS,
      segmentSteps: 64,
      trainGraph: flops(MAX_U64),
    }),
    given(
      "greatest product, next rate",
      { priceWeiPerGflop: HIGHEST_RATE + 1n, steps: MAX_STEPS, segmentSteps: 64, trainGraph: flops(MAX_U64) },
      "priceWei",
    ),
    given(
      "all of it",
      { priceWeiPerGflop: PRICE_END - 1n, steps: MAX_STEPS, segmentSteps: 64, trainGraph: flops(MAX_U64) },
      "priceWei",
    ),
    given("infer price", { priceWeiPerGflop: PRICE_END - 1n, inferGraph: flops(GIGA) }, "", 2),
    given("infer price beyond", { priceWeiPerGflop: PRICE_END - 1n, inferGraph: flops(GIGA + 1n) }, "priceWei", 2),
    given("evaluate price", { priceWeiPerGflop: PRICE_END - 1n, evaluateGraph: flops(GIGA) }, "", 3),
    given(
      "evaluate price, of two steps",
      { priceWeiPerGflop: PRICE_END - 1n, evaluateGraph: flops(GIGA) },
      "priceWei",
      3,
      16,
    ),
    given("last deadline but one", { deadline: MAX_DEADLINE - 1n }),
    given("last deadline", { deadline: MAX_DEADLINE }),
    given("deadline beyond", { deadline: MAX_DEADLINE + 1n }, "deadline"),
    given("deadline 2^64 - 1", { deadline: MAX_U64 }, "deadline"),
    given("window of 30 days but a second", { windowSeconds: MAX_WINDOW_SECONDS - 1 }),
    given("window of 30 days", { windowSeconds: MAX_WINDOW_SECONDS }),
    given("window of a second more", { windowSeconds: MAX_WINDOW_SECONDS + 1 }, "windowSeconds"),
    given("window of 136 years", { windowSeconds: MAX_U32 }, "windowSeconds"),
    given("a window too long, inferred", { windowSeconds: MAX_U32 }, "windowSeconds", 2),
    given("no inference graph", { inferGraph: absent }, "graph", 2),
    given("no evaluation graph", { evaluateGraph: absent }, "graph", 3),
    given("evaluates in batches of none", { evaluateBatchRows: 0 }, "evaluateBatchRows", 3),
    given("evaluates nothing", {}, "rows", 3, 0),
    given("evaluates a row short", {}, "rows", 3, 7),
    given("evaluates a batch", {}, "", 3, 8),
    given("evaluates a row more", {}, "rows", 3, 9),
    given("two wrongs: the first is named", { windowSeconds: MAX_U32, deadline: MAX_U64 }, "deadline"),
  ];
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
