import type { Hex } from "viem";
import { hasStepRoots, segmentCount, stepsInSegment } from "../../common/task.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Checkpoint, Checkpoints } from "./checkpoint.ts";
import type { Gatherer } from "./gather.ts";
import { rowOrderOf, stateTypes, type TaskInputs } from "./inputs.ts";
import { batchOf, computeSegment } from "./run.ts";
import { type StepRoots, stepRootOf } from "./step.ts";
import type { Steps } from "./steps.ts";
import { type StepValues, stepRootsOf, valueBytes } from "./values.ts";

/** Everything a run committed to, step by step, computed again when asked: nothing but checkpoints is kept. */
export type Traces = {
  readonly values: (step: number) => Promise<StepValues>;
  readonly roots: (step: number) => Promise<StepRoots>;
  /** Bytes at `(place, index)`; undefined if the step has no such value. */
  readonly value: (step: number, place: number, index: number) => Promise<Uint8Array | undefined>;
  /** Root of each step of a segment. */
  readonly stepHashes: (segment: number) => Promise<readonly Hex[]>;
  /** After what was asked so far is answered. */
  readonly close: () => Promise<void>;
};

type Modules = {
  readonly steps: Steps;
  readonly gatherer: Pick<Gatherer, "feeds" | "close">;
  readonly checkpoints: Pick<Checkpoints, "state">;
};

/** Steps remembered with all their values; a reader asks for the values of one step one by one. */
const REMEMBERED_STEPS = 4;

export function openTraces(
  inputs: Omit<TaskInputs, "dataset">,
  segments: readonly Checkpoint[],
  modules: Modules,
): Traces {
  const { task, graph } = inputs;
  const { steps, gatherer, checkpoints } = modules;
  const ids = graph.values.map((_, id) => id);
  const remembered = new Map<number, Promise<StepValues>>();
  const hashes = new Map<number, Promise<readonly Hex[]>>();
  let cursor: { step: number; state: readonly Tensor[] } | undefined;

  async function segmentStart(segment: number): Promise<readonly Tensor[]> {
    if (segment === 0) return inputs.start;
    const before = segment - 1;
    const kept = await checkpoints.state(segments[before]!, stateTypes(graph));
    if (kept !== undefined) return kept;
    // Not kept, or lost on the disk: computed again.
    const start = await segmentStart(before);
    const feeds = await gatherer.feeds(rowOrderOf(inputs), before * task.segmentSteps, stepsInSegment(task, before));
    return (await computeSegment(inputs, steps, before, start, feeds)).state;
  }

  async function compute(step: number): Promise<StepValues> {
    const segment = Math.floor(step / task.segmentSteps);
    const first = segment * task.segmentSteps;
    let at = cursor !== undefined && cursor.step >= first && cursor.step <= step ? cursor : undefined;
    at ??= { step: first, state: await segmentStart(segment) };
    const count = step - at.step + 1;
    const feeds = await gatherer.feeds(rowOrderOf(inputs), at.step, count);
    let { state } = at;
    let values: StepValues = [];
    for (let i = 0; i < count; i++) {
      const wanted = i === count - 1 ? ids : graph.stateOutputs;
      values = await steps.values(at.step + i, state, batchOf(graph, feeds, i, count), wanted);
      state = i === count - 1 ? graph.stateOutputs.map((id) => values[id]!) : values;
    }
    cursor = { step: step + 1, state };
    return values;
  }

  let turn: Promise<unknown> = Promise.resolve();
  const values = (step: number): Promise<StepValues> => {
    if (!(step >= 0 && step < task.steps)) return Promise.reject(new RangeError(`step ${step} of ${task.steps}`));
    const known = remembered.get(step);
    if (known !== undefined) return known;
    // One at a time: the cursor is shared, and so is the runtime.
    const computed = turn.then(() => compute(step));
    turn = computed.catch(() => remembered.delete(step));
    remembered.set(step, computed);
    if (remembered.size > REMEMBERED_STEPS) remembered.delete(remembered.keys().next().value!);
    return computed;
  };
  const roots = async (step: number) => stepRootsOf(graph, await values(step));

  async function hashesOf(segment: number): Promise<readonly Hex[]> {
    if (hasStepRoots(task)) return segments[segment]!.stepRoots;
    const list: Hex[] = [];
    for (let i = 0; i < stepsInSegment(task, segment); i++)
      list.push(stepRootOf(await roots(segment * task.segmentSteps + i)));
    return list;
  }

  return {
    values,
    roots,
    value: async (step, place, index) => valueBytes(graph, await values(step), place, index),
    stepHashes: (segment) => {
      if (!(segment >= 0 && segment < segmentCount(task))) return Promise.reject(new RangeError(`segment ${segment}`));
      const known = hashes.get(segment) ?? hashesOf(segment);
      hashes.set(segment, known);
      known.catch(() => hashes.delete(segment));
      return known;
    },
    close: async () => {
      await turn;
      await Promise.all([steps.close(), gatherer.close()]);
    },
  };
}
