import type { Hex } from "viem";
import { hasStepRoots, segmentCount, stepsInSegment } from "../../common/task.ts";
import type { ValueId } from "../graph/graph.ts";
import { slicesOf } from "../runtime/slices.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Checkpoint, Checkpoints } from "./checkpoint.ts";
import { committedSteps } from "./failed-step.ts";
import type { Gatherer } from "./gather.ts";
import { rowOrderOf, stateTypes, type TaskInputs } from "./inputs.ts";
import { batchOf, computeSegment } from "./run.ts";
import { type StepRoots, stepRootOf } from "./step.ts";
import type { Steps } from "./steps.ts";
import { entryAt, entryBytes, rootsInParts } from "./values.ts";

/** Everything a run committed to, step by step, computed again when asked: nothing but checkpoints is kept. */
export type Traces = {
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
  /** See `slicesOf`. */
  readonly sliceBytes?: number;
};

/** Steps remembered with all their values, where these are few: a reader asks for the values of one step one by one. */
const REMEMBERED_STEPS = 4;

type Slice = ReadonlyMap<ValueId, Tensor>;
/** A state, and the step that starts from it. */
type Position = { readonly step: number; readonly state: readonly Tensor[] };

export function openTraces(
  inputs: Omit<TaskInputs, "dataset">,
  segments: readonly Checkpoint[],
  modules: Modules,
): Traces {
  const { task, graph } = inputs;
  const { gatherer, checkpoints } = modules;
  const steps = committedSteps(inputs, modules.steps);
  const slices = slicesOf(graph, modules.sliceBytes);
  const rememberedSlices = slices.length === 1 ? REMEMBERED_STEPS : 1;
  const remembered = new Map<string, Promise<Slice>>();
  const hashes = new Map<number, Promise<readonly Hex[]>>();
  /** What the steps of the segment that was last hashed committed to: who asks for the hashes asks for these next. */
  let hashed: { readonly segment: number; readonly roots: readonly StepRoots[] } | undefined;
  /** Where the last step asked for started, and where it ended if that is known. */
  let positions: readonly Position[] = [];

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

  /** The inputs of a step, from the nearest known state of its segment. */
  async function openStep(step: number): Promise<{ state: readonly Tensor[]; batch: readonly Tensor[] }> {
    const segment = Math.floor(step / task.segmentSteps);
    const first = segment * task.segmentSteps;
    const near = positions.findLast((position) => position.step >= first && position.step <= step);
    const at = near ?? { step: first, state: await segmentStart(segment) };
    const count = step - at.step + 1;
    const feeds = await gatherer.feeds(rowOrderOf(inputs), at.step, count);
    let { state } = at;
    for (let i = 0; i < count - 1; i++)
      state = await steps.values(at.step + i, state, batchOf(graph, feeds, i, count), graph.stateOutputs);
    positions = [{ step, state }];
    return { state, batch: batchOf(graph, feeds, count - 1, count) };
  }

  async function compute(step: number, slice: readonly ValueId[]): Promise<Slice> {
    const { state, batch } = await openStep(step);
    const tensors = await steps.values(step, state, batch, slice);
    const values = new Map(slice.map((id, i) => [id, tensors[i]!]));
    if (graph.stateOutputs.every((id) => values.has(id)))
      positions = [...positions, { step: step + 1, state: graph.stateOutputs.map((id) => values.get(id)!) }];
    return values;
  }

  let turn: Promise<unknown> = Promise.resolve();
  const sliceOf = (step: number, index: number): Promise<Slice> => {
    if (!(step >= 0 && step < task.steps)) return Promise.reject(new RangeError(`step ${step} of ${task.steps}`));
    const key = `${step}/${index}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    // One at a time: the positions are shared, and so is the runtime.
    const computed = turn.then(() => compute(step, slices[index]!));
    turn = computed.catch(() => remembered.delete(key));
    remembered.set(key, computed);
    if (remembered.size > rememberedSlices) remembered.delete(remembered.keys().next().value!);
    return computed;
  };

  const computedRoots = async (step: number): Promise<StepRoots> => {
    const parts = rootsInParts(graph);
    for (const index of slices.keys()) parts.add(await sliceOf(step, index));
    return parts.roots();
  };

  const roots = async (step: number): Promise<StepRoots> => {
    const first = hashed === undefined ? 0 : hashed.segment * task.segmentSteps;
    return hashed?.roots[step - first] ?? computedRoots(step);
  };

  async function hashesOf(segment: number): Promise<readonly Hex[]> {
    if (hasStepRoots(task)) return segments[segment]!.stepRoots;
    const list: StepRoots[] = [];
    for (let i = 0; i < stepsInSegment(task, segment); i++)
      list.push(await computedRoots(segment * task.segmentSteps + i));
    hashed = { segment, roots: list };
    return list.map(stepRootOf);
  }

  return {
    roots,
    value: async (step, place, index) => {
      const entry = entryAt(graph, place, index);
      if (entry === undefined) return undefined;
      const values = await sliceOf(
        step,
        slices.findIndex((slice) => slice.includes(entry.value)),
      );
      return entryBytes(entry, values.get(entry.value)!);
    },
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
