import { encodeJob } from "../../common/job.ts";
import { encodeTask } from "../../common/task.ts";
import type { Demand, JobRecord } from "../execution/execution.ts";
import { plain } from "./format.ts";

/** A job or demand with the ABI bytes of its job and task beside the readable fields, so that readers can check its id. */
export const formatJob = (record: JobRecord | Demand) => ({
  ...(plain(record) as object),
  jobBytes: encodeJob(record.job),
  taskBytes: encodeTask(record.task),
});
