import type { Hex } from "viem";
import { ZERO_HASH } from "../../common/hash.ts";
import { decodeJob, type Job } from "../../common/job.ts";
import { evaluateTask, inferTask, modelTask, TASK_KIND, type Task } from "../../common/task.ts";
import type { StateReader } from "./state.ts";
import { liveSlot, lostSlot, type Opened, openedSlot, read, readNatural } from "./system.ts";

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

/** Last L1 second at which a claim of it may be made (P6.9). */
export const deadlineOf = (state: StateReader, { id, modelId, deadline }: Task): bigint =>
  deadline + readNatural(state, lostSlot(id)) + readNatural(state, lostSlot(modelId));

/** A claim of it or of what it consumes is neither final nor lost: its result may come, or its deadline move. */
export const isHeld = (state: StateReader, { id, modelId }: Task): boolean =>
  read(state, liveSlot(id)) !== undefined || read(state, liveSlot(modelId)) !== undefined;
