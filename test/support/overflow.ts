// Trainings that overflow: in their first step, or some steps later, since nothing holds their learning rate back.
import { numberToHex } from "viem";
import type { Failure } from "../../common/claim.ts";
import { trainTask } from "../../common/task.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { tensorRoot } from "../../verifier/tensor/root.ts";
import { bytesOf } from "../../verifier/tensor/tensor.ts";
import { findFailure } from "../../verifier/trace/find-failure.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import { rootOfList } from "../../verifier/trace/step.ts";
import { stepsOf } from "../../verifier/trace/steps.ts";
import { type SmallSpec, type SmallTask, smallTask } from "./small-task.ts";

export const overflowing = (spec: SmallSpec = {}, learningRate = 1e25): SmallTask =>
  smallTask({ segmentSteps: 2, ...spec, optimizer: { kind: "momentum", learningRate, momentum: 0.9 } });

/** With weights that no product survives. */
export function overflowingAtOnce(spec: SmallSpec = {}): SmallTask {
  const task = smallTask({ segmentSteps: 2, ...spec });
  const start = task.start.map((tensor, i) =>
    i === 0 ? { ...tensor, data: new Float32Array(tensor.data.length).fill(3e38) } : tensor,
  );
  const startRoot = rootOfList(start.map((tensor) => tensorRoot(bytesOf(tensor))));
  const job = { ...task.job, startRoot, salt: numberToHex(BigInt(task.job.salt) + (1n << 200n), { size: 32 }) };
  return { ...task, job, task: trainTask(job), start };
}

/** Where an honest executor finds that it fails. */
export async function failureOf(task: SmallTask): Promise<Failure> {
  const steps = stepsOf(await onnxRuntime({ threads: 1 }).open(task.graph));
  const gatherer = openGatherer(task.dataset);
  try {
    const found = await findFailure(task, { steps, gatherer }, { segment: 0, state: task.start });
    if (found === undefined) throw new Error("it does not fail");
    return found;
  } finally {
    await Promise.all([steps.close(), gatherer.close()]);
  }
}
