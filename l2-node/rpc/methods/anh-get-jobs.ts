import { formatJob } from "../format-job.ts";
import { executionOf, method, noParams } from "../method.ts";

export const anhGetJobs = method(noParams, async (context) => (await executionOf(context).jobs()).map(formatJob));
