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
import { cnnTraining, gptTraining } from "./networks.ts";

/** Steps per round: enough that what a run does once, at its start and end, weighs little. */
const STEPS = { mlp: 3840, cnn: 640, gpt: 192 } as const;
const TRACED_STEPS = 192;
const ROUNDS = 7;

type Say = (text: string) => void;

/** Committed training against the bare loop: same session, same state hand-over, feeds gathered beforehand. */
export async function train(say: Say): Promise<Record<string, Figure>> {
  const digits = digitsDataset((await loadMnist()).train);
  const mlp = await measured("mlp", digitsTraining(digits, STEPS.mlp, false), say, {
    traced: digitsTraining(digits, TRACED_STEPS, true),
  });
  const cnn = await measured("cnn", cnnTraining(digits, STEPS.cnn), say);
  const gpt = await measured("gpt", gptTraining(STEPS.gpt), say);
  return {
    "train-ratio-mlp": mlp.committed,
    "train-ratio-cnn": cnn.committed,
    "train-ratio-gpt": gpt.committed,
    "trace-ratio": mlp.traced!,
  };
}

type Measured = { readonly committed: Figure; readonly traced?: Figure };

/** One network: bare, committed and, where there is one, the same training with step roots, in turn. */
async function measured(
  name: string,
  plain: TaskInputs,
  say: Say,
  also: { readonly traced?: TaskInputs } = {},
): Promise<Measured> {
  const gatherer = openGatherer(plain.dataset);
  const session = await onnxRuntime({ threads: 1 }).open(plain.graph);
  try {
    const batches = await gatherAll(plain, gatherer);
    const committed: { value: number; reference: number }[] = [];
    const traced: { value: number; reference: number }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const bare = await secondsOf(() => bareLoop(plain, session, batches));
      const own = await secondsOf(() => committedRun(plain, session, gatherer));
      const withTraces =
        also.traced === undefined ? undefined : await secondsOf(() => committedRun(also.traced!, session, gatherer));
      if (round === 0) continue; // warm-up
      const reference = plain.task.steps / bare;
      committed.push({ value: plain.task.steps / own, reference });
      if (withTraces !== undefined) traced.push({ value: also.traced!.task.steps / withTraces, reference });
      say(`${name}, round ${round}: ${[bare, own, withTraces].map((time) => time?.toFixed(3) ?? "").join(" / ")} s`);
    }
    return {
      committed: paired(committed, "steps/s"),
      ...(traced.length === 0 ? {} : { traced: paired(traced, "steps/s") }),
    };
  } finally {
    await session.close();
    await gatherer.close();
  }
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
