import type { Hex } from "viem";
import { type Job, PROFILE } from "../../common/job.ts";
import { TASK_KIND, type Task } from "../../common/task.ts";
import type { StateReader } from "./state.ts";
import { type ResultRecord, read, resultSlot, voidedSlot } from "./system.ts";
import { openedTask } from "./tasks.ts";

/** The graph that a job's model is made with, or of a commission judged by. */
export const graphOfModel = ({ profile }: Pick<Job, "profile">): number =>
  profile === PROFILE.property ? TASK_KIND.evaluate : TASK_KIND.train;

const graphOfTask = ({ kind }: Pick<Task, "kind">): number =>
  kind === TASK_KIND.commission ? TASK_KIND.evaluate : kind;

/**
 * Whether nobody can claim the task any more (P14.3): its own graph has a flaw, or that of a model which was not final before.
 * L1 makes nothing final behind the message, so what is final now was so then.
 */
export function isVoid(state: StateReader, job: Job, task: Task): boolean {
  if (read(state, resultSlot(task.id))?.isFinal) return false;
  const isOf = (modelId: Hex, graph: number) => read(state, voidedSlot(modelId, graph)) === true;
  if (task.kind === TASK_KIND.train || task.kind === TASK_KIND.commission) return isOf(task.id, graphOfTask(task));
  if (isOf(task.modelId, graphOfTask(task))) return true;
  return isOf(task.modelId, graphOfModel(job)) && !read(state, resultSlot(task.modelId))?.isFinal;
}

/** The same of an id that was opened. */
export function isVoidId(state: StateReader, id: Hex): boolean {
  const known = openedTask(state, id);
  return known !== undefined && isVoid(state, known.job, known.task);
}

/** The result of an id that has effect: a soft one of a void task has none, even before L1 has overturned it, nor has what failed. */
export function resultOf(state: StateReader, id: Hex): ResultRecord | undefined {
  const result = read(state, resultSlot(id));
  if (result !== undefined && result.failedSteps > 0) return undefined;
  return result === undefined || result.isFinal || !isVoidId(state, id) ? result : undefined;
}
