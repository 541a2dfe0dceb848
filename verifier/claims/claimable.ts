import { hasStepRoots, type Task } from "../../common/task.ts";
import { openingMilliseconds } from "../model/opening.ts";

/** Faster than any run that docs/performance.md measured: what is declined for its time cannot be in time. */
const FLOPS_PER_SECOND = 200_000_000_000n;
const COMMITTED_BYTES_PER_SECOND = 2_000_000_000n;

/** The least that the run of a task takes, rounded up. */
export function leastRunSeconds(task: Task): bigint {
  const steps = BigInt(task.steps);
  const computing = ceilDiv(steps * task.graph.flops, FLOPS_PER_SECOND);
  return hasStepRoots(task) ? computing + ceilDiv(steps * task.graph.bytes_, COMMITTED_BYTES_PER_SECOND) : computing;
}

/** What of a chain's clocks decides that; in seconds. */
export type ClaimClocks = { readonly minWindowSeconds: bigint; readonly answerSeconds: bigint };

/**
 * Why L1 would take no claim of a task whose run can begin at L1 second `startSeconds`, or why the claim could not be kept;
 * undefined if neither. Asked before anything is put at stake: a bond for such a task is lost. Rules of P4.2 have been checked
 * with the task's id.
 */
export function unclaimable(task: Task, clocks: ClaimClocks, startSeconds: bigint): string | undefined {
  if (BigInt(task.windowSeconds) < clocks.minWindowSeconds)
    return `its window is ${task.windowSeconds} s, and L1 takes no claim with less than ${clocks.minWindowSeconds} s`;
  const endSeconds = startSeconds + leastRunSeconds(task);
  if (endSeconds > task.deadline)
    return `its run would end at ${endSeconds} at the earliest, after its deadline ${task.deadline} (L1 seconds)`;
  // Where the claim commits to its steps, one of them at a time is asked for.
  const opened = hasStepRoots(task) ? 1 : task.segmentSteps;
  const openingSeconds = openingMilliseconds(task.graph, opened) / 1000n;
  if (openingSeconds > clocks.answerSeconds)
    return `opening ${opened} of its steps on L1 would take ${openingSeconds} s, and L1 waits ${clocks.answerSeconds} s for it`;
  return undefined;
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
