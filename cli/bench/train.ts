import { digitsDataset, loadMnist } from "../../examples/data/mnist.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import type { TaskInputs } from "../../verifier/trace/inputs.ts";
import { digitsTraining } from "./digits.ts";
import { type Figure, paired, secondsOf } from "./figures.ts";
import { cnnTraining, gptTraining } from "./networks.ts";
import { hasTorch, openTorch, type Torch } from "./peer/torch.ts";
import { openPeer } from "./peer/training.ts";
import { bareLoop, committedRun, gatherAll } from "./training-loops.ts";

/** Steps per round: enough that what a run does once, at its start and end, weighs little. */
const STEPS = { mlp: 3840, cnn: 640, gpt: 192 } as const;
const TRACED_STEPS = 192;
const ROUNDS = 7;

type Say = (text: string) => void;

/**
 * Committed training against the bare loop: same session, same state hand-over, feeds gathered beforehand. Where Python has
 * PyTorch, against that too: one thread each, and the same batch again and again, which costs it no gathering.
 */
export async function train(say: Say): Promise<Record<string, Figure>> {
  const digits = digitsDataset((await loadMnist()).train);
  const peer = hasTorch() ? openTorch() : undefined;
  if (peer === undefined) say("no python3-torch here: nothing is measured against PyTorch");
  const alone = peer === undefined ? {} : { peer };
  try {
    const traced = digitsTraining(digits, TRACED_STEPS, true);
    const mlp = await measured("mlp", digitsTraining(digits, STEPS.mlp, false), say, { traced, ...alone });
    const cnn = await measured("cnn", cnnTraining(digits, STEPS.cnn), say, alone);
    const gpt = await measured("gpt", gptTraining(STEPS.gpt), say, alone);
    return {
      "train-ratio-mlp": mlp.committed,
      "train-ratio-cnn": cnn.committed,
      "train-ratio-gpt": gpt.committed,
      "trace-ratio": mlp.traced!,
      ...Object.fromEntries(
        Object.entries({ mlp, cnn, gpt }).flatMap(([name, { torch }]) =>
          torch === undefined ? [] : [[`train-vs-pytorch-${name}`, torch]],
        ),
      ),
    };
  } finally {
    peer?.close();
  }
}

type Measured = { readonly committed: Figure; readonly traced?: Figure; readonly torch?: Figure };
/** PyTorch's, per round: as many as take some seconds. */
const PEER_STEPS = { mlp: 960, cnn: 160, gpt: 12 } as const;

/** One network: bare, committed and, where wanted, the same training with step roots and by PyTorch, in turn. */
async function measured(
  name: keyof typeof STEPS,
  plain: TaskInputs,
  say: Say,
  also: { readonly traced?: TaskInputs; readonly peer?: Torch },
): Promise<Measured> {
  const gatherer = openGatherer(plain.dataset);
  const session = await onnxRuntime({ threads: 1 }).open(plain.graph);
  try {
    const batches = await gatherAll(plain, gatherer);
    if (also.peer !== undefined) await openPeer(also.peer, name, plain, batches[0]!, "cpu");
    const committed: { value: number; reference: number }[] = [];
    const torch: { value: number; reference: number }[] = [];
    const traced: { value: number; reference: number }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const bare = await secondsOf(() => bareLoop(plain, session, batches));
      const own = await secondsOf(() => committedRun(plain, session, gatherer));
      const withTraces =
        also.traced === undefined ? undefined : await secondsOf(() => committedRun(also.traced!, session, gatherer));
      const peer = also.peer === undefined ? undefined : await peerSeconds(also.peer, name, plain.task.steps);
      if (round === 0) continue; // warm-up
      const reference = plain.task.steps / bare;
      if (peer !== undefined) torch.push({ value: plain.task.steps / own, reference: plain.task.steps / peer });
      committed.push({ value: plain.task.steps / own, reference });
      if (withTraces !== undefined) traced.push({ value: also.traced!.task.steps / withTraces, reference });
      say(
        `${name}, round ${round}: ${[bare, own, withTraces, peer].map((time) => time?.toFixed(3) ?? "").join(" / ")} s`,
      );
    }
    return {
      committed: paired(committed, "steps/s"),
      ...(traced.length === 0 ? {} : { traced: paired(traced, "steps/s") }),
      ...(torch.length === 0 ? {} : { torch: paired(torch, "steps/s") }),
    };
  } finally {
    await session.close();
    await gatherer.close();
  }
}

/** For as many steps, from a share of them. */
async function peerSeconds(peer: Torch, name: keyof typeof PEER_STEPS, steps: number): Promise<number> {
  const { seconds } = await peer.ask<{ seconds: number }>({ call: "run", steps: PEER_STEPS[name] });
  return (seconds * steps) / PEER_STEPS[name];
}
