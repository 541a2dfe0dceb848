import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import type { Session } from "../../verifier/runtime/runtime.ts";
import { type Tensor, viewOf } from "../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../verifier/trace/checkpoint.ts";
import { type Gatherer, openGatherer } from "../../verifier/trace/gather.ts";
import { feedTypes, rowOrderOf, type TaskInputs } from "../../verifier/trace/inputs.ts";
import { runTask } from "../../verifier/trace/run.ts";
import { stepsOf } from "../../verifier/trace/steps.ts";
import { openBlobStore } from "../../verifier/trace/store.ts";
import { loadMnist } from "../demo/mnist.ts";
import { digitsDataset } from "../demo/plans.ts";
import { digitsTraining } from "./digits.ts";
import { type Figure, paired, secondsOf } from "./figures.ts";

const STEPS = 3840;
const TRACED_STEPS = 192;
const ROUNDS = 7;

/** Committed training against the bare loop: same session, same state hand-over, feeds gathered beforehand. */
export async function train(say: (text: string) => void): Promise<Record<string, Figure>> {
  const dataset = digitsDataset((await loadMnist()).train);
  const gatherer = openGatherer(dataset);
  const sessions: Session[] = [];
  const openTask = async (stepRoots: boolean, steps: number) => {
    const inputs = digitsTraining(dataset, steps, stepRoots);
    const session = await onnxRuntime({ threads: 1 }).open(inputs.graph);
    sessions.push(session);
    return { inputs, session };
  };
  try {
    const plain = await openTask(false, STEPS);
    const traced = await openTask(true, TRACED_STEPS);
    const batches = await gatherAll(plain.inputs, gatherer);
    const committed: { value: number; reference: number }[] = [];
    const withTraces: { value: number; reference: number }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const times = [
        await secondsOf(() => bareLoop(plain.inputs, plain.session, batches)),
        await secondsOf(() => committedRun(plain.inputs, plain.session, gatherer)),
        await secondsOf(() => committedRun(traced.inputs, traced.session, gatherer)),
      ] as const;
      if (round === 0) continue; // warm-up
      const reference = STEPS / times[0];
      committed.push({ value: STEPS / times[1], reference });
      withTraces.push({ value: TRACED_STEPS / times[2], reference });
      say(`round ${round}: ${times.map((time) => time.toFixed(3)).join(" / ")} s`);
    }
    return {
      "train-ratio": paired(committed, "steps/s"),
      "trace-ratio": paired(withTraces, "steps/s"),
    };
  } finally {
    for (const session of sessions) await session.close();
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
