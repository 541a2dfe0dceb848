import { formatJob } from "../format-job.ts";
import { executionOf, method, noParams } from "../method.ts";

/** What transactions wait for, or is paid for without a result: an executor's work list. */
export const anhGetDemands = method(noParams, async (context) => (await executionOf(context).demands()).map(formatJob));
