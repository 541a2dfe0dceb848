import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digitsDataset, loadMnist } from "../../examples/data/mnist.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import type { Session } from "../../verifier/runtime/runtime.ts";
import { type Tensor, viewOf } from "../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../verifier/trace/checkpoint.ts";
import { type Gatherer, openGatherer } from "../../verifier/trace/gather.ts";
import { feedTypes, rowOrderOf, type TaskInputs } from "../../verifier/trace/inputs.ts";
import { runTask } from "../../verifier/trace/run.ts";
import { stepsOf } from "../../verifier/trace/steps.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { digitsTraining } from "./digits.ts";
import { type Figure, paired, secondsOf } from "./figures.ts";
import { cnnTraining, gptTraining, PEER_SPECS } from "./networks.ts";
import { hasTorch, openTorch, type Torch, wireOf } from "./peer/torch.ts";

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
    if (also.peer !== undefined) await openPeer(also.peer, name, plain, batches[0]!);
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

/** The same network, parameters and first batch, as PyTorch's users would train it. */
async function openPeer(
  peer: Torch,
  name: keyof typeof STEPS,
  { graph, start }: TaskInputs,
  segment: readonly Tensor[],
) {
  const names = graph.stateInputs.map(({ value }) => graph.values[value]!.name);
  const spec = PEER_SPECS[name];
  const parameters = names.flatMap((parameter, i) => (isOptimizers(parameter) ? [] : [[parameter, wireOf(start[i]!)]]));
  const batch = segment.map((tensor) => wireOf(firstOf(tensor)));
  const request = { network: name, spec, parameters: Object.fromEntries(parameters), batch, threads: 1 };
  await peer.ask({ call: "open", ...request });
}

const isOptimizers = (name: string): boolean => /^((velocity|first_moment|second_moment)_|step$)/.test(name);

/** The first step's batch of a segment's. */
function firstOf({ dtype, shape, data }: Tensor): Tensor {
  const rest = shape.slice(1);
  return { dtype, shape: rest, data: data.slice(0, data.length / shape[0]!) as Tensor["data"] };
}

/** For as many steps, from a share of them. */
async function peerSeconds(peer: Torch, name: keyof typeof PEER_STEPS, steps: number): Promise<number> {
  const { seconds } = await peer.ask<{ seconds: number }>({ call: "run", steps: PEER_STEPS[name] });
  return (seconds * steps) / PEER_STEPS[name];
}

/** The batches of every segment, stacked as a session takes them. */
function gatherAll({ task, seed, graph }: TaskInputs, gatherer: Gatherer): Promise<Tensor[][]> {
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

async function bareLoop({ start }: TaskInputs, session: Session, segments: readonly Tensor[][]): Promise<void> {
  let state = start;
  for (const batches of segments) state = (await session.segment(state, batches)).state;
}

async function committedRun(inputs: TaskInputs, session: Session, gatherer: Gatherer): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "anh-bench-"));
  try {
    const [store, checkpoints] = [openBlobStore(join(folder, "blobs")), openCheckpoints(join(folder, "run"))];
    await runTask(inputs, { steps: stepsOf(session), gatherer, store, checkpoints });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
