// A training as a process of its own, to be killed: `node resumable-run.ts <folder>`. One line on stdout per finished segment.
import { join } from "node:path";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { openCheckpoints } from "../../verifier/trace/checkpoint.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import { runTask, type TaskResult } from "../../verifier/trace/run.ts";
import { stepsOf } from "../../verifier/trace/steps.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { type SmallTask, smallTask } from "./small-task.ts";

export const SEGMENTS = 100;
export const resumableTask: SmallTask = smallTask({
  steps: 4 * SEGMENTS,
  segmentSteps: 4,
  stepRoots: true,
  drawn: true,
});

/** Every third state is kept, so that a run goes on from states that are not, too. */
export async function runResumable(folder: string, onSegment: (index: number) => void): Promise<TaskResult> {
  const session = await onnxRuntime({ threads: 1 }).open(resumableTask.graph);
  const gatherer = openGatherer(resumableTask.dataset);
  try {
    return await runTask(resumableTask, {
      steps: stepsOf(session),
      gatherer,
      store: openBlobStore(join(folder, "blobs")),
      checkpoints: openCheckpoints(join(folder, "run"), 3),
      onSegment: ({ index }) => onSegment(index),
    });
  } finally {
    await Promise.all([session.close(), gatherer.close()]);
  }
}

if (import.meta.main) await runResumable(process.argv[2]!, (index) => console.log(index));
