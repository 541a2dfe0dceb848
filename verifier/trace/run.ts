import { setImmediate } from "node:timers/promises";
import { type Hex, keccak256, stringToBytes } from "viem";
import type { Failure } from "../../common/claim.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import { hasStepRoots, segmentCount, stepsInSegment, TASK_KIND, type Task } from "../../common/task.ts";
import type { ValueId } from "../graph/graph.ts";
import { type FailedElement, resultFor } from "../model/failure.ts";
import { bitsOf } from "../numerics/float32.ts";
import { slicesOf } from "../runtime/slices.ts";
import { tensorRoot } from "../tensor/root.ts";
import { bytesOf, fromBytes, type Tensor, viewOf } from "../tensor/tensor.ts";
import { DeclinedError, firstUncanonical, type Uncanonical, uncanonicalValue } from "./canonical.ts";
import { type Checkpoint, type Checkpoints, storeState } from "./checkpoint.ts";
import { before, committedSteps, failedIn } from "./failed-step.ts";
import type { Feeds, Gatherer } from "./gather.ts";
import { missingRow } from "./indices.ts";
import { feedTypes, rowOrderOf, stateTypes, type TaskInputs } from "./inputs.ts";
import { rootOfList, stepRootOf } from "./step.ts";
import type { Steps } from "./steps.ts";
import type { BlobStore } from "./store.ts";
import type { SegmentRecord } from "./trajectory.ts";
import { type KnownRoots, type RootsInParts, rootsInParts } from "./values.ts";

export type RunModules = {
  readonly steps: Steps;
  readonly gatherer: Gatherer;
  /** Gets the state that the run ends in, for others to read. */
  readonly store: BlobStore;
  readonly checkpoints: Checkpoints;
  readonly onSegment?: (record: SegmentRecord) => void;
};

export type TaskResult = {
  readonly segments: readonly Checkpoint[];
  /** Where the run has no result. */
  readonly failure?: Failure | undefined;
  /** Output state (train, evaluate) or [y] (infer). */
  readonly state: readonly Tensor[];
};

/** Names the folder of a run's checkpoints: equal inputs give equal bits, so they may be taken up again. */
export const runKey = (taskHash: Hex, rest: string): string => keccak256(stringToBytes(taskHash + rest)).slice(2, 34);

export const declined = (at: Uncanonical): DeclinedError =>
  new DeclinedError(`${at.value} of ${at.step === undefined ? `segment ${at.segment}` : `step ${at.step}`}`, at);

/**
 * Runs a task from its newest checkpoint on. Kill it at any point and run it again: the same bits come out.
 * Throws `DeclinedError` where a claim of them could be proven wrong.
 */
export async function runTask(inputs: TaskInputs, modules: RunModules): Promise<TaskResult> {
  const { task } = inputs;
  const { segments, state: resumed } = await resume(inputs, modules);
  let state = resumed;
  let writing: Promise<unknown> = Promise.resolve();
  const write = async (index: number, computed: Computed, after: Promise<unknown> | undefined): Promise<void> => {
    await after?.catch(() => {});
    const failed = index + 1 === segmentCount(task) ? inputs.failed : undefined;
    segments.push(await finishSegment(modules, index, computed, failed));
  };
  let ahead = segments.length < segmentCount(task) ? feedsOf(inputs, modules.gatherer, segments.length) : undefined;
  let unwritten: Computed | undefined;
  for (let index = segments.length; index < segmentCount(task); index++) {
    const feeds = (await ahead) as Feeds;
    const computing = computeSegment(inputs, modules.steps, index, state, feeds);
    computing.catch(() => {}); // awaited below; until then its failure must not end the process
    ahead = index + 1 < segmentCount(task) ? feedsOf(inputs, modules.gatherer, index + 1) : undefined;
    ahead?.catch(() => {});
    if (unwritten !== undefined) {
      await writing;
      // Gathering, then hashing, then storing, never side by side: of two cores one is the runtime's.
      writing = write(index - 1, unwritten, ahead);
      writing.catch(() => {});
    }
    unwritten = await computing;
    if (unwritten.uncanonical !== undefined) {
      await Promise.allSettled([writing, ahead]);
      throw declined(unwritten.uncanonical);
    }
    state = unwritten.state;
    modules.gatherer.reuse(feeds);
  }
  await writing;
  if (unwritten !== undefined) await write(segmentCount(task) - 1, unwritten, undefined);
  await storeState(modules.store, state, segments.at(-1)!.stateRoots);
  return { segments, state };
}

type Computed = {
  readonly state: readonly Tensor[];
  readonly metrics: readonly number[];
  readonly stepRoots: readonly Hex[];
  /** The first of what no claim may hold. */
  readonly uncanonical: Uncanonical | undefined;
};

async function finishSegment(
  { checkpoints, onSegment }: RunModules,
  index: number,
  { state, metrics, stepRoots }: Computed,
  failed: FailedElement | undefined,
): Promise<Checkpoint> {
  const stateRoots: Hex[] = [];
  for (const tensor of state) {
    await setImmediate(); // a large state must not keep this thread from everything else
    stateRoots.push(tensorRoot(bytesOf(tensor)));
  }
  const stepsRoot = stepRoots.length === 0 ? ZERO_HASH : rootOfList(stepRoots);
  const checkpoint: Checkpoint = {
    record: { index, endState: rootOfList(stateRoots), metrics, stepsRoot },
    stateRoots,
    stepRoots,
    ...(failed === undefined ? {} : { failed }),
  };
  checkpoints.add(checkpoint, state);
  onSegment?.(checkpoint.record);
  return checkpoint;
}

/** Where a run that was declined goes on to be looked at step by step. */
export async function reachedBy(inputs: TaskInputs, checkpoints: Checkpoints) {
  const { segments, state } = await resume(inputs, { checkpoints });
  return { segment: segments.length, state };
}

/** The segments finished before, and the state to go on from: the newest that is still on the disk as it was. */
async function resume(inputs: TaskInputs, { checkpoints }: Pick<RunModules, "checkpoints">) {
  const segments = [...(await checkpoints.read())];
  // What ends in a failure is no part of a run without it, nor of one that fails elsewhere.
  if (segments.length > 0 && !endsAs(inputs, segments.at(-1)!, segments.length)) {
    segments.pop();
    checkpoints.cut(segments.length);
  }
  const types = outputTypes(inputs);
  for (let last = segments.at(-1); last !== undefined; last = segments.at(-1)) {
    const state = await checkpoints.state(last, types);
    if (state !== undefined) return { segments, state: state as readonly Tensor[] };
    segments.pop();
    checkpoints.cut(segments.length);
  }
  return { segments, state: inputs.start };
}

const endsAs = ({ task, failed }: TaskInputs, { failed: kept }: Checkpoint, count: number): boolean =>
  JSON.stringify(kept) === JSON.stringify(count === segmentCount(task) ? failed : undefined);

const outputTypes = ({ graph }: TaskInputs) =>
  graph.kind === "infer" ? graph.stateOutputs.map((id) => graph.values[id]!) : stateTypes(graph);

function feedsOf(inputs: TaskInputs, gatherer: Gatherer, segment: number): Promise<Feeds> {
  const { task } = inputs;
  return gatherer.feeds(rowOrderOf(inputs), segment * task.segmentSteps, stepsInSegment(task, segment));
}

/** Steps of one segment from `state`; used by who claims and by who checks. `sliceBytes`: see `slicesOf`. */
export async function computeSegment(
  inputs: Omit<TaskInputs, "dataset">,
  steps: Steps,
  index: number,
  state: readonly Tensor[],
  feeds: Feeds,
  sliceBytes?: number,
): Promise<Computed> {
  const { task, graph } = inputs;
  const count = stepsInSegment(task, index);
  const first = index * task.segmentSteps;
  const traced = () => tracedSegment(inputs, steps, { index, first, count }, state, feeds, sliceBytes);
  const fails = failedIn(inputs, first + count - 1) !== undefined;
  if (!hasStepRoots(task) && task.kind !== TASK_KIND.infer && !fails) {
    const batches = feedTypes(graph).map((type, i) =>
      viewOf({ dtype: type.dtype, shape: [count, ...type.shape] }, feeds[i]!),
    );
    const { state: end, losses, suspect } = await steps.segment(first, state, batches);
    const metrics = losses === null ? [] : lossBits(losses);
    const uncanonical = uncanonicalEnd(index, end, losses) ?? (suspect ? (await traced()).uncanonical : undefined);
    return { state: end, metrics, stepRoots: [], uncanonical };
  }
  return traced();
}

/** Of a segment that ran as one, its end and its losses are seen; the runtime says if there is more to see (N1.5). */
function uncanonicalEnd(segment: number, state: readonly Tensor[], losses: Tensor | null): Uncanonical | undefined {
  if (state.some((tensor) => firstUncanonical(tensor) !== undefined))
    return { segment, step: undefined, value: "state" };
  if (losses !== null && firstUncanonical(losses) !== undefined) return { segment, step: undefined, value: "metrics" };
  return undefined;
}

async function tracedSegment(
  inputs: Omit<TaskInputs, "dataset">,
  own: Steps,
  { index, first, count }: { index: number; first: number; count: number },
  start: readonly Tensor[],
  feeds: Feeds,
  sliceBytes: number | undefined,
): Promise<Computed> {
  const { task, graph } = inputs;
  const steps = committedSteps(inputs, own);
  const slices = slicesOf(graph, sliceBytes);
  const ends = new Set([...graph.stateOutputs, ...(graph.loss === null ? [] : [graph.loss])]);
  const metrics: number[] = [];
  const stepRoots: Hex[] = [];
  let state = start;
  let known: KnownRoots = new Map();
  let uncanonical: Uncanonical | undefined;
  let hash = () => {};
  for (let i = 0; i < count; i++) {
    const batch = batchOf(graph, feeds, i, count);
    const kept = new Map<ValueId, Tensor>();
    const failed = failedIn(inputs, first + i);
    const operands = new Map<ValueId, Tensor>();
    let parts: RootsInParts | undefined;
    for (const [k, slice] of slices.entries()) {
      const pending = steps.values(first + i, state, batch, slice);
      hash(); // of what came before, while this is computed in the runtime's thread
      const tensors = await pending;
      const values = new Map(slice.map((id, j) => [id, tensors[j]!]));
      for (const [id, tensor] of values) {
        if (ends.has(id)) kept.set(id, tensor);
        if (failed !== undefined && graph.nodes[failed.node]!.inputs.includes(id)) operands.set(id, tensor);
      }
      const bad =
        uncanonical === undefined
          ? (uncanonicalValue(graph, values)?.id ?? missingRow(before(graph, failed), values))
          : undefined;
      if (bad !== undefined) uncanonical = { segment: index, step: first + i, value: graph.values[bad]!.name };
      hash = () => {
        hash = () => {};
        if (!hasStepRoots(task)) return;
        parts ??= rootsInParts(graph, known);
        parts.add(values);
        if (k < slices.length - 1) return;
        const roots = parts.roots();
        stepRoots.push(stepRootOf(roots));
        // What one step gives the next one takes: a sixth of all bytes need no second hash.
        known = new Map(graph.stateOutputs.map((id, j) => [kept.get(id)!, roots.stateOut[j]!]));
      };
    }
    // No claim may say that something failed that did not.
    if (failed !== undefined && resultFor(graph, failed, (id) => operands.get(id)!) !== undefined)
      uncanonical ??= { segment: index, step: first + i, value: graph.values[graph.nodes[failed.node]!.output]!.name };
    state = graph.stateOutputs.map((id) => kept.get(id)!);
    if (graph.loss !== null) metrics.push(...lossBits(kept.get(graph.loss)!));
  }
  hash();
  return { state, metrics, stepRoots, uncanonical };
}

/** Batch tensors of step i of a segment of `count` steps. */
export function batchOf(graph: TaskInputs["graph"], feeds: Feeds, i: number, count: number): Tensor[] {
  return feedTypes(graph).map((type, k) => {
    const size = feeds[k]!.length / count;
    return fromBytes(type, feeds[k]!.subarray(i * size, (i + 1) * size));
  });
}

const lossBits = (losses: Tensor): number[] => Array.from(losses.data as Float32Array, bitsOf);

export type ResultHead = { readonly resultRoot: Hex; readonly output: Uint8Array };

/** What a claim says of the end: root, and the bytes shown inline (P5.10, P5.11). */
export function headOf(task: Task, { segments, state, failure }: TaskResult): ResultHead {
  const resultRoot = segments.at(-1)!.record.endState;
  const output =
    task.kind === TASK_KIND.train || failure !== undefined ? new Uint8Array() : bytesOf(state.at(-1)!).slice();
  return { resultRoot, output };
}
