import { segmentCount, stepsInSegment } from "../../common/task.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { rowOrderOf, type TaskInputs } from "../trace/inputs.ts";
import { computeSegment } from "../trace/run.ts";
import { stepsOf } from "../trace/steps.ts";
import type { SegmentCheckModules } from "./segment.ts";

/** The end state as this machine computes it from the task's start, whatever a claim says in between. */
export async function ownEnd(
  inputs: TaskInputs,
  { session, gatherer }: Pick<SegmentCheckModules, "session" | "gatherer">,
): Promise<readonly Tensor[]> {
  // Without step roots the steps of a segment run as one.
  const task = { ...inputs.task, flags: 0 };
  let state = inputs.start;
  for (let segment = 0; segment < segmentCount(task); segment++) {
    const first = segment * task.segmentSteps;
    const feeds = await gatherer.feeds(rowOrderOf(inputs), first, stepsInSegment(task, segment));
    ({ state } = await computeSegment({ ...inputs, task }, stepsOf(session), segment, state, feeds));
  }
  return state;
}

/** 32-bit words in which two states differ. */
export function differingWords(a: readonly Tensor[], b: readonly Tensor[]): number {
  let count = 0;
  for (const [i, tensor] of a.entries()) {
    const [x, y] = [bytesOf(tensor), bytesOf(b[i]!)];
    for (let at = 0; at < x.length; at += 4)
      if (x[at] !== y[at] || x[at + 1] !== y[at + 1] || x[at + 2] !== y[at + 2] || x[at + 3] !== y[at + 3]) count++;
  }
  return count;
}
