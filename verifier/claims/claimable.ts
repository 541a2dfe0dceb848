import { hasStepRoots, type Task } from "../../common/task.ts";

/** Faster than any run that docs/performance.md measured: what is declined for its time cannot be in time. */
const FLOPS_PER_SECOND = 200_000_000_000n;
const COMMITTED_BYTES_PER_SECOND = 2_000_000_000n;

/** The least that the run of a task takes, rounded up. */
export function leastRunSeconds(task: Task): bigint {
  const steps = BigInt(task.steps);
  const computing = ceilDiv(steps * task.graph.flops, FLOPS_PER_SECOND);
  return hasStepRoots(task) ? computing + ceilDiv(steps * task.graph.bytes_, COMMITTED_BYTES_PER_SECOND) : computing;
}

/**
 * Why L1 would take no claim of a task whose run can begin at L1 second `startSeconds`; undefined if it would. Asked before
 * anything is put at stake: a bond for such a task is lost. Rules of P4.2 have been checked with the task's id.
 */
export function unclaimable(task: Task, minWindowSeconds: bigint, startSeconds: bigint): string | undefined {
  if (BigInt(task.windowSeconds) < minWindowSeconds)
    return `its window is ${task.windowSeconds} s, and L1 takes no claim with less than ${minWindowSeconds} s`;
  const endSeconds = startSeconds + leastRunSeconds(task);
  if (endSeconds > task.deadline)
    return `its run would end at ${endSeconds} at the earliest, after its deadline ${task.deadline} (L1 seconds)`;
  return undefined;
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
