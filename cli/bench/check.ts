import { digitsDataset, loadMnist } from "../../examples/data/mnist.ts";
import { ownSegment } from "../../verifier/check/claim.ts";
import { isolate } from "../../verifier/check/isolate.ts";
import { firstWrongElement } from "../../verifier/check/nodes.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { SLICE_BYTES } from "../../verifier/runtime/slices.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import { rowOrderOf } from "../../verifier/trace/inputs.ts";
import { batchOf } from "../../verifier/trace/run.ts";
import { digitsTraining } from "./digits.ts";
import { type Figure, paired, secondsOf } from "./figures.ts";

const ROUNDS = 7;
const STEPS = 100;
const MILLI = 1000;

/**
 * What a challenger computes against what it checks: every node of a step judged against its claimed operands, beside the
 * step; a segment as it is screened (gathered, computed, hashed), beside its bare steps. Milliseconds per step.
 */
export async function check(say: (text: string) => void): Promise<Record<string, Figure>> {
  const dataset = digitsDataset((await loadMnist()).train);
  const inputs = digitsTraining(dataset, STEPS, false);
  const { graph, task, start } = inputs;
  const isolated = isolate(graph);
  const runtime = onnxRuntime({ threads: 1 });
  const [session, isolatedSession] = [await runtime.open(graph), await runtime.open(isolated.graph)];
  const gatherer = openGatherer(dataset);
  try {
    const batch = batchOf(graph, await gatherer.feeds(rowOrderOf(inputs), 0, 1), 0, 1);
    const ids = graph.values.map((_, id) => id);
    const claimed = await session.values(start, batch, ids);
    const judge = async (profile: "strict" | "tolerant") => {
      const wrong = await firstWrongElement(graph, { isolated, session: isolatedSession }, profile, claimed);
      if (wrong !== undefined) throw new Error(`honest values are judged wrong at node ${wrong.node}`);
    };
    const segment = {
      session,
      gatherer,
      isolated,
      isolatedSession: async () => isolatedSession,
      open: runtime.open,
      sliceBytes: SLICE_BYTES,
    };
    const rounds = { strict: [] as Round[], tolerant: [] as Round[], segment: [] as Round[] };
    for (let round = 0; round <= ROUNDS; round++) {
      const step = await perStep(STEPS, () => session.step(start, batch));
      const strict = await perStep(STEPS, () => judge("strict"));
      const tolerant = await perStep(STEPS, () => judge("tolerant"));
      const screened = (await perStep(1, () => ownSegment(inputs, segment, 0, start))) / task.segmentSteps;
      if (round === 0) continue; // warm-up
      rounds.strict.push({ value: strict, reference: step });
      rounds.tolerant.push({ value: tolerant, reference: step });
      rounds.segment.push({ value: screened, reference: step });
      say(`round ${round}: ${[step, strict, tolerant, screened].map((ms) => ms.toFixed(3)).join(" / ")} ms`);
    }
    return {
      "check-ratio": paired(rounds.strict, "ms"),
      "check-tolerant-ratio": paired(rounds.tolerant, "ms"),
      "check-segment-ratio": paired(rounds.segment, "ms"),
    };
  } finally {
    await Promise.all([session.close(), isolatedSession.close(), gatherer.close()]);
  }
}

type Round = { readonly value: number; readonly reference: number };

const perStep = async (count: number, work: () => Promise<unknown>): Promise<number> =>
  (MILLI *
    (await secondsOf(async () => {
      for (let i = 0; i < count; i++) await work();
    }))) /
  count;
