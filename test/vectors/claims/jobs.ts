// Jobs and commissions, drawn, and at the edges of their fields.
import { hexOf } from "../../../common/bytes.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import type { Job } from "../../../common/job.ts";
import { NO_PROPERTY } from "../../../common/property.ts";
import type { Random } from "../../support/random.ts";
import {
  GIGA,
  HIGHEST_RATE,
  MAX_DEADLINE,
  MAX_SEGMENTS,
  MAX_STEPS,
  MAX_U32,
  MAX_U64,
  MAX_WINDOW_SECONDS,
  PRICE_END,
} from "./bounds.ts";
import { number, word } from "./draws.ts";

const graphRef = (random: Random) => ({ root: word(random), flops: number(random, 5), bytes_: number(random, 8) });

export function jobOf(random: Random): Job {
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
export function commissionOf(random: Random): Job {
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

/** Jobs at the edges of their fields. */
export function edgeJobs(random: Random): Job[] {
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
