import { join } from "node:path";
import type { Hex } from "viem";
import { segmentCount, type Task, taskHash } from "../../common/task.ts";
import type { Library } from "../data/library.ts";
import type { Graph } from "../graph/graph.ts";
import { byteSizeOf, type Tensor } from "../tensor/tensor.ts";
import { requireCanonical } from "../trace/canonical.ts";
import { keptEvery, openCheckpoints } from "../trace/checkpoint.ts";
import { openGatherer } from "../trace/gather.ts";
import { stateTypes, type TaskInputs } from "../trace/inputs.ts";
import { runKey, runTask, type TaskResult } from "../trace/run.ts";
import type { Steps } from "../trace/steps.ts";
import type { BlobStore } from "../trace/store.ts";
import { openTraces, type Traces } from "../trace/traces.ts";
import type { SegmentRecord } from "../trace/trajectory.ts";
import { assembleInputs, type ConsumedClaim } from "./assemble.ts";
import { onDemand } from "./on-demand.ts";

/** What is run: equal specs give equal bits. */
export type RunSpec = { readonly task: Task; readonly seed: Hex; readonly consumed: ConsumedClaim | undefined };

export type FinishedRun = { readonly inputs: TaskInputs; readonly result: TaskResult };

/** The runs of one executor: each is computed once, and any of its steps again when somebody asks. */
export type Runs = {
  /** Computes the run, or what is missing of it. */
  readonly result: (spec: RunSpec) => Promise<TaskResult>;
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
/** Threads and datasets that nobody asked for in this time are given back. */
const IDLE_MS = 5_000;

export const runKeyOf = ({ task, seed, consumed }: RunSpec): string =>
  runKey(taskHash(task), `${seed}${consumed?.resultRoot ?? ""}`);

export function openRuns({ folder, store, libraryFor, openSteps, onSegment }: RunsModules): Runs {
  const finished = new Map<string, Promise<TaskResult>>();
  const opened = new Map<string, Promise<Traces>>();
  /** One run at a time: two would share the cores and both be late. */
  let turn: Promise<unknown> = Promise.resolve();

  const inputsOf = ({ task, seed, consumed }: RunSpec): Promise<TaskInputs> =>
    assembleInputs(task, seed, consumed, libraryFor(consumed));

  const checkpointsOf = (spec: RunSpec, state: readonly Tensor[]) =>
    openCheckpoints(
      join(folder, runKeyOf(spec)),
      keptEvery(
        segmentCount(spec.task),
        state.reduce((sum, tensor) => sum + byteSizeOf(tensor), 0),
      ),
    );

  async function compute(spec: RunSpec): Promise<TaskResult> {
    const inputs = await inputsOf(spec);
    requireCanonical(inputs);
    const [steps, gatherer] = [await openSteps(inputs.graph, spec.task), openGatherer(inputs.dataset)];
    try {
      return await runTask(inputs, {
        steps,
        gatherer,
        store,
        checkpoints: checkpointsOf(spec, inputs.start),
        onSegment: (record) => onSegment?.(spec.task, record),
      });
    } finally {
      await Promise.all([steps.close(), gatherer.close()]);
    }
  }

  const resultOf = (spec: RunSpec): Promise<TaskResult> => {
    const key = runKeyOf(spec);
    const known = finished.get(key);
    if (known !== undefined) return known;
    const run = turn.then(() => compute(spec));
    turn = run.catch(() => finished.delete(key));
    finished.set(key, run);
    return run;
  };

  async function open(spec: RunSpec): Promise<Traces> {
    const { segments } = await resultOf(spec);
    const { task, seed, graph, start } = await inputsOf(spec);
    const steps = onDemand(() => openSteps(graph, task), IDLE_MS);
    const gatherer = onDemand(async () => openGatherer((await inputsOf(spec)).dataset), IDLE_MS);
    // Most questions are answered from checkpoints: these never need a thread.
    return openTraces({ task, seed, graph, start }, segments, {
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
    result: resultOf,
    finish: async (spec) => {
      const result = await resultOf(spec);
      return { inputs: await inputsOf(spec), result };
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
      await turn;
      await Promise.allSettled([...opened.values()].map(closeTraces));
    },
  };
}
