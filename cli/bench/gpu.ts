import { JOB_FLAG, PROFILE } from "../../common/job.ts";
import { digitsDataset, loadMnist } from "../../examples/data/mnist.ts";
import { diagnose } from "../../verifier/runtime/doctor.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import type { TaskInputs } from "../../verifier/trace/inputs.ts";
import { digitsTraining } from "./digits.ts";
import { type Figure, paired, secondsOf } from "./figures.ts";
import { cnnTraining, gptTraining } from "./networks.ts";
import { hasTorchCuda, openTorch, type Torch } from "./peer/torch.ts";
import { openPeer } from "./peer/training.ts";
import { bareLoop, committedRun, gatherAll } from "./training-loops.ts";

/** Per round: whole segments. Step roots cost a copy and a hash of every value, so these are fewer than in `bench train`. */
const STEPS = { mlp: 128, cnn: 64, gpt: 32 } as const;
const ROUNDS = 3;

/**
 * Training on a graphics processor by onnxruntime's webgpu provider: committed step by step in the gpu column, beside the bare session
 * whose state stays on the device, and beside PyTorch on the same card where Python has it. Throws `ProviderError` without a Vulkan
 * driver, `DoctorError` where it would lose its claims.
 */
export async function gpu(say: (text: string) => void): Promise<Record<string, Figure>> {
  for (const { network, judged, onCpu } of await diagnose("webgpu", 1))
    say(`examined with ${network}: ${judged} elements are right; on the CPU: ${JSON.stringify(onCpu)}`);
  const digits = digitsDataset((await loadMnist()).train);
  const peer = hasTorchCuda() ? openTorch() : undefined;
  if (peer === undefined) say("no PyTorch with CUDA here: nothing is measured against it");
  try {
    return {
      ...(await measured("mlp", digitsTraining(digits, STEPS.mlp, true), say, peer)),
      ...(await measured("cnn", cnnTraining(digits, STEPS.cnn), say, peer)),
      ...(await measured("gpt", gptTraining(STEPS.gpt), say, peer)),
    };
  } finally {
    peer?.close();
  }
}

/** The same training, in the gpu column. */
const onGpu = (inputs: TaskInputs): TaskInputs => ({
  ...inputs,
  task: { ...inputs.task, profile: PROFILE.tolerant, flags: inputs.task.flags | JOB_FLAG.stepRoots | JOB_FLAG.gpu },
});

async function measured(
  name: keyof typeof STEPS,
  inputs: TaskInputs,
  say: (text: string) => void,
  peer: Torch | undefined,
): Promise<Record<string, Figure>> {
  const claimed = onGpu(inputs);
  const { steps } = claimed.task;
  const gatherer = openGatherer(claimed.dataset);
  const session = await onnxRuntime({ threads: 1, provider: "webgpu" }).open(claimed.graph);
  try {
    const batches = await gatherAll(claimed, gatherer);
    if (peer !== undefined) await openPeer(peer, name, claimed, batches[0]!, "cuda");
    const committed: { value: number; reference: number }[] = [];
    const torch: { value: number; reference: number }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const bare = await secondsOf(() => bareLoop(claimed, session, batches));
      const own = await secondsOf(() => committedRun(claimed, session, gatherer));
      const other = await peer?.ask<{ seconds: number }>({ call: "run", steps });
      if (round === 0) continue; // shaders are compiled
      committed.push({ value: steps / own, reference: steps / bare });
      if (other !== undefined) torch.push({ value: steps / bare, reference: steps / other.seconds });
      say(
        `${name}, round ${round}: ${[bare, own, other?.seconds].map((time) => time?.toFixed(3) ?? "").join(" / ")} s`,
      );
    }
    return {
      [`gpu-committed-${name}`]: paired(committed, "steps/s"),
      ...(torch.length === 0 ? {} : { [`gpu-vs-pytorch-${name}`]: paired(torch, "steps/s") }),
    };
  } finally {
    await session.close();
    await gatherer.close();
  }
}
