import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Session } from "../../verifier/runtime/runtime.ts";
import { type Tensor, viewOf } from "../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../verifier/trace/checkpoint.ts";
import type { Gatherer } from "../../verifier/trace/gather.ts";
import { feedTypes, rowOrderOf, type TaskInputs } from "../../verifier/trace/inputs.ts";
import { runTask } from "../../verifier/trace/run.ts";
import { stepsOf } from "../../verifier/trace/steps.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";

/** The batches of every segment, stacked as a session takes them. */
export function gatherAll({ task, seed, graph }: TaskInputs, gatherer: Gatherer): Promise<Tensor[][]> {
  const starts = Array.from({ length: task.steps / task.segmentSteps }, (_, i) => i * task.segmentSteps);
  return Promise.all(
    starts.map(async (start) => {
      const feeds = await gatherer.feeds(rowOrderOf({ task, seed, graph }), start, task.segmentSteps);
      return feedTypes(graph).map(({ dtype, shape }, i) =>
        viewOf({ dtype, shape: [task.segmentSteps, ...shape] }, feeds[i]!),
      );
    }),
  );
}

export async function bareLoop({ start }: TaskInputs, session: Session, segments: readonly Tensor[][]): Promise<void> {
  let state = start;
  for (const batches of segments) state = (await session.segment(state, batches)).state;
}

export async function committedRun(inputs: TaskInputs, session: Session, gatherer: Gatherer): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  try {
    const [store, checkpoints] = [openBlobStore(join(folder, "blobs")), openCheckpoints(join(folder, "run"))];
    await runTask(inputs, { steps: stepsOf(session), gatherer, store, checkpoints });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
