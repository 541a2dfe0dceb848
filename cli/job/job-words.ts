import { BadJobError } from "../../common/job.ts";

/** Options of `job create` by the fields of the job that they become. */
const OPTIONS: Readonly<Record<string, string>> = {
  steps: "--steps",
  batchRows: "--batch-rows",
  evaluateBatchRows: "--evaluate-batch-rows",
  heldOutRows: "--held-out",
  samples: "--samples",
  minCorrect: "--min-correct",
  propertyPriceWei: "--price-eth",
  priceWeiPerGflop: "--price-wei-per-gflop",
  deadline: "--deadline-seconds",
  windowSeconds: "--window-seconds",
};
const HINTS: Readonly<Record<string, string>> = {
  samples:
    "samples are answered in whole batches: of --evaluate-batch-rows, or of --batch-rows where that is not given",
};

/** Makes a job; what is refused in the words of its fields is refused in those of the options. */
export function inOptions<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    const option = error instanceof BadJobError ? OPTIONS[error.field] : undefined;
    if (!(error instanceof BadJobError) || option === undefined) throw error;
    const { field, message, expected, actual } = error;
    const hint = HINTS[field];
    throw new BadJobError(field, message.replace(`job.${field}`, option), {
      expected,
      actual,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
