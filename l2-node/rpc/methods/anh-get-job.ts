import { z } from "zod";
import { formatJob } from "../format-job.ts";
import { executionOf, method } from "../method.ts";
import { hash } from "../schemas.ts";

export const anhGetJob = method(z.tuple([hash]), async (context, [id]) => {
  const record = await executionOf(context).job(id);
  return record && formatJob(record);
});
