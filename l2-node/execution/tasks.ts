import type { Hex } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { decodeJob, type Job } from "../../common/job.ts";
import { evaluateTask, inferTask, modelTask, TASK_KIND, type Task } from "../../common/task.ts";
import type { StateReader } from "./state.ts";
import { type Opened, openedSlot, read } from "./system.ts";

/** The job of a model opened on L2. */
export function jobOfModel(state: StateReader, modelId: Hex): Job | undefined {
  const opened = read(state, openedSlot(modelId));
  return opened?.kind === TASK_KIND.train ? decodeJob(opened.job) : undefined;
}

export function taskOf(job: Job, opened: Pick<Opened, "kind" | "inputRoot" | "rows">): Task {
  if (opened.kind === TASK_KIND.infer) return inferTask(job, opened.inputRoot);
  if (opened.kind === TASK_KIND.evaluate) return evaluateTask(job, opened.inputRoot, opened.rows);
  return modelTask(job);
}

/** Job and task of an opened id; undefined if nobody opened it. */
export function openedTask(state: StateReader, id: Hex): { opened: Opened; job: Job; task: Task } | undefined {
  const opened = read(state, openedSlot(id));
  if (opened === undefined) return undefined;
  const job = jobOfModel(state, opened.modelId === ZERO_HASH ? id : opened.modelId);
  return job && { opened, job, task: taskOf(job, opened) };
}
