// Jobs around the bounds of what may be asked for, and what a refusal names of them.
import { hexOf } from "../../../common/bytes.ts";
import { ZERO_HASH } from "../../../common/hash.ts";
import { JOB_FLAG, type Job } from "../../../common/job.ts";
import { NO_PROPERTY, type Property } from "../../../common/property.ts";
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
import { word } from "./draws.ts";
import { commissionOf, jobOf } from "./jobs.ts";

const ZERO_ADDRESS = "0x0000000000000000000000000000000000000000";

type Verdict = { what: string; job: Job; kind: number; rows: number; field: string };

/** Commissions around each bound of P13.1. */
export function commissionVerdicts(random: Random): Verdict[] {
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
export function verdicts(random: Random): Verdict[] {
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
