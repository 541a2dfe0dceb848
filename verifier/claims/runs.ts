import { join } from "node:path";
import type { Hex } from "viem";
import type { Failure } from "../../common/claim.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import type { Job } from "../../common/job.ts";
import { segmentCount, TASK_KIND, type Task, taskHash } from "../../common/task.ts";
import type { Library } from "../data/library.ts";
import type { Graph } from "../graph/graph.ts";
import { byteSizeOf, type Tensor } from "../tensor/tensor.ts";
import { DeclinedError, requireCanonical } from "../trace/canonical.ts";
import { type Checkpoint, keptEvery, openCheckpoints } from "../trace/checkpoint.ts";
import { findFailure, mayFail } from "../trace/find-failure.ts";
import { openGatherer } from "../trace/gather.ts";
import { requireRows } from "../trace/indices.ts";
import { claimedRun, rowOrderOf, stateTypes, type TaskInputs } from "../trace/inputs.ts";
import { computeSegment, declined, reachedBy, runKey, runTask, type TaskResult } from "../trace/run.ts";
import type { Steps } from "../trace/steps.ts";
import type { BlobStore } from "../trace/store.ts";
import { openTraces, type Traces } from "../trace/traces.ts";
import type { SegmentRecord } from "../trace/trajectory.ts";
import { assembleInputs, type ConsumedClaim } from "./assemble.ts";
import { requireFit, requireSizes, requireSources } from "./fit.ts";
import { type Lane, openLane } from "./lane.ts";
import { onDemand } from "./on-demand.ts";

/** What is run: equal specs give equal bits. */
export type RunSpec = {
  readonly task: Task;
  readonly seed: Hex;
  readonly consumed: ConsumedClaim | undefined;
  /** That of a claimed run; before it is claimed nobody knows. */
  readonly failure?: Failure | undefined;
};

export type ComputedRun = { readonly inputs: TaskInputs; readonly result: TaskResult };

/** What there is to say of a run without the tensors it ends in. */
export type Segments = readonly Checkpoint[];
export type FinishedRun = { readonly inputs: TaskInputs; readonly result: { readonly segments: Segments } };

/** The runs of one executor: each is computed once, and any of its steps again when somebody asks. */
export type Runs = {
  /** Fetches and keeps what a training names, and tries its first step with rows of its own choice. Throws `DeclinedError` where
   * no run of it would be claimed. */
  readonly prepare: (task: Task, job: Job) => Promise<void>;
  /** Computes a run, or what is missing of it, to be claimed: one after the other. */
  readonly compute: (spec: RunSpec) => Promise<ComputedRun>;
  /** Of a run that was claimed. What the disk has lost of it is computed again beside what `compute` is at, which may take
   * days: an answer that comes late costs the bond. */
  readonly segments: (spec: RunSpec) => Promise<Segments>;
  /** The same with its inputs, read again where nobody holds them any more. */
  readonly finish: (spec: RunSpec) => Promise<FinishedRun>;
  readonly traces: (spec: RunSpec) => Promise<Traces>;
  /** The model that an inference or evaluation consumes: its training graph, and the roots of its tensors. */
  readonly model: (consumed: ConsumedClaim) => Promise<{ readonly graph: Graph; readonly roots: readonly Hex[] }>;
  readonly close: () => Promise<void>;
};

export type RunsModules = {
  readonly folder: string;
  readonly store: BlobStore;
  readonly libraryFor: (consumed: ConsumedClaim | undefined) => Library;
  readonly openSteps: (graph: Graph, task: Task) => Promise<Steps>;
  readonly onSegment?: (task: Task, record: SegmentRecord) => void;
};

/** Runs whose computed steps are remembered for the next question. */
const OPEN_TRACES = 2;
/** Claimed runs whose segments are in memory; those of others are read from the disk when they are asked for. */
const HELD_SEGMENTS = 8;
/** Threads and datasets that nobody asked for in this time are given back. */
const IDLE_MS = 5_000;

export const runKeyOf = ({ task, seed, consumed }: RunSpec): string =>
  runKey(taskHash(task), `${seed}${consumed?.resultRoot ?? ""}`);

export function openRuns({ folder, store, libraryFor, openSteps, onSegment }: RunsModules): Runs {
  const held = new Map<string, Segments>();
  const pending = new Map<string, () => Promise<TaskResult>>();
  const folders = new Map<string, Lane>();
  const opened = new Map<string, Promise<Traces>>();
  // In each of them one run at a time: more would share the cores and all be late.
  const [claims, answers] = [openLane(), openLane()];

  const inputsOf = async ({ task, seed, consumed, failure }: RunSpec): Promise<TaskInputs> =>
    claimedRun(await assembleInputs(task, seed, consumed, libraryFor(consumed)), failure);

  const checkpointsOf = (spec: RunSpec, state: readonly Tensor[]) =>
    openCheckpoints(
      join(folder, runKeyOf(spec)),
      keptEvery(
        segmentCount(spec.task),
        state.reduce((sum, tensor) => sum + byteSizeOf(tensor), 0),
      ),
    );

  /** Keeps two from writing into the folder of one run. */
  const alone = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const lane = folders.get(key) ?? openLane();
    folders.set(key, lane);
    return lane(work);
  };

  const hold = (key: string, segments: Segments): void => {
    held.delete(key);
    held.set(key, segments); // newest last
    if (held.size > HELD_SEGMENTS) held.delete(held.keys().next().value!);
  };

  async function tryStep(inputs: TaskInputs): Promise<void> {
    const task = { ...inputs.task, steps: 1, segmentSteps: 1 };
    const [steps, gatherer] = [await openSteps(inputs.graph, inputs.task), openGatherer(inputs.dataset)];
    try {
      const feeds = await gatherer.feeds(rowOrderOf(inputs), 0, 1);
      const { uncanonical } = await computeSegment({ ...inputs, task }, steps, 0, inputs.start, feeds);
      if (uncanonical !== undefined) throw declined(uncanonical);
    } finally {
      await Promise.all([steps.close(), gatherer.close()]);
    }
  }

  async function compute(spec: RunSpec): Promise<TaskResult> {
    // What has a flaw may ask for content that is nowhere.
    const library = libraryFor(spec.consumed);
    const graph = await library.graph(spec.task.graph.root);
    requireFit(spec.task, graph);
    if (spec.consumed) requireSources(graph, await library.stateTypes(spec.consumed.task.graph.root));
    const inputs = await inputsOf(spec);
    requireCanonical(inputs);
    // Every value of an inference is looked at when it is run: a row that is not there is a failure then.
    if (!mayFail(spec.task) || spec.task.kind !== TASK_KIND.infer) requireRows(inputs);
    const [steps, gatherer] = [await openSteps(inputs.graph, spec.task), openGatherer(inputs.dataset)];
    const checkpoints = checkpointsOf(spec, inputs.start);
    const onEach = (record: SegmentRecord) => onSegment?.(spec.task, record);
    const modules = { steps, gatherer, store, checkpoints, onSegment: onEach };
    try {
      return await runTask(inputs, modules);
    } catch (error) {
      if (!(error instanceof DeclinedError) || !mayFail(spec.task) || spec.failure !== undefined) throw error;
      const failure = await findFailure(inputs, modules, await reachedBy(inputs, checkpoints));
      if (failure === undefined) throw error;
      return { ...(await runTask(claimedRun(inputs, failure), modules)), failure };
    } finally {
      await Promise.all([steps.close(), gatherer.close()]);
    }
  }

  /** Begun by the lane that comes to it first, and once. */
  const computedIn = (lane: Lane, spec: RunSpec): Promise<TaskResult> => {
    const key = runKeyOf(spec);
    const begin = pending.get(key) ?? once(() => alone(key, () => compute(spec)).finally(() => pending.delete(key)));
    pending.set(key, begin);
    return lane(begin);
  };

  const readWhole = async (spec: RunSpec): Promise<Segments | undefined> => {
    const segments = await checkpointsOf(spec, []).read();
    const { failure, task } = spec;
    const count = segmentCount(failure === undefined ? task : { ...task, steps: failure.steps });
    const failed = segments.at(-1)?.failed;
    const isSo = failed?.node === failure?.node && failed?.element === (failure && Number(failure.element));
    return segments.length === count && isSo ? segments : undefined;
  };

  const segmentsOf = async (spec: RunSpec): Promise<Segments> => {
    const key = runKeyOf(spec);
    const whole = held.get(key) ?? (pending.has(key) ? undefined : await alone(key, () => readWhole(spec)));
    const segments = whole ?? (await computedIn(answers, spec)).segments;
    hold(key, segments);
    return segments;
  };

  async function open(spec: RunSpec): Promise<Traces> {
    const segments = await segmentsOf(spec);
    const { task, seed, graph, start, failed } = await inputsOf(spec);
    const steps = onDemand(() => openSteps(graph, task), IDLE_MS);
    const gatherer = onDemand(async () => openGatherer((await inputsOf(spec)).dataset), IDLE_MS);
    // Most questions are answered from checkpoints: these never need a thread.
    return openTraces({ task, seed, graph, start, failed }, segments, {
      checkpoints: checkpointsOf(spec, start),
      steps: {
        segment: (...args) => steps.use((opened) => opened.segment(...args)),
        values: (...args) => steps.use((opened) => opened.values(...args)),
        close: steps.close,
      },
      gatherer: {
        feeds: (...args) => gatherer.use((opened) => opened.feeds(...args)),
        close: gatherer.close,
      },
    });
  }

  const closeTraces = async (traces: Promise<Traces>) => (await traces).close();

  return {
    prepare: async (task, job) => {
      const graph = await libraryFor(undefined).graph(task.graph.root);
      requireFit(task, graph);
      requireSizes(job, graph);
      const inputs = await inputsOf({ task, seed: ZERO_HASH, consumed: undefined });
      requireCanonical(inputs);
      requireRows(inputs);
      await tryStep(inputs);
    },
    compute: async (spec) => {
      const result = await computedIn(claims, spec);
      return { inputs: await inputsOf(spec), result };
    },
    segments: segmentsOf,
    finish: async (spec) => {
      const segments = await segmentsOf(spec);
      return { inputs: await inputsOf(spec), result: { segments } };
    },
    traces: (spec) => {
      const key = runKeyOf(spec);
      const traces = opened.get(key) ?? open(spec);
      opened.delete(key);
      opened.set(key, traces); // newest last
      traces.catch(() => opened.delete(key));
      if (opened.size > OPEN_TRACES) {
        const [oldestKey, oldest] = opened.entries().next().value as [string, Promise<Traces>];
        opened.delete(oldestKey);
        closeTraces(oldest).catch(() => {});
      }
      return traces;
    },
    model: async (consumed) => {
      const library = libraryFor(consumed);
      const graph = await library.graph(consumed.task.graph.root);
      return { graph, roots: await library.roots(consumed.resultRoot, stateTypes(graph).length) };
    },
    close: async () => {
      const idle = async () => {};
      await Promise.all([claims(idle), answers(idle)]);
      await Promise.allSettled([...opened.values()].map(closeTraces));
    },
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    begun ??= work();
    return begun;
  };
}
