import { join } from "node:path";
import type { Hex } from "viem";
import { type Task, taskHash } from "../../common/task.ts";
import type { Library } from "../data/library.ts";
import type { Graph } from "../graph/graph.ts";
import { openCheckpoints } from "../trace/checkpoint.ts";
import { openGatherer } from "../trace/gather.ts";
import type { TaskInputs } from "../trace/inputs.ts";
import { runKey, runTask, type TaskResult } from "../trace/run.ts";
import type { Steps } from "../trace/steps.ts";
import type { BlobStore } from "../trace/store.ts";
import { openTraces, type Traces } from "../trace/traces.ts";
import type { SegmentRecord } from "../trace/trajectory.ts";
import { assembleInputs, type ConsumedClaim } from "./assemble.ts";

/** What is run: equal specs give equal bits. */
export type RunSpec = { readonly task: Task; readonly seed: Hex; readonly consumed: ConsumedClaim | undefined };

export type FinishedRun = { readonly inputs: TaskInputs; readonly result: TaskResult };

/** The runs of one executor: each is computed once, and any of its steps again when somebody asks. */
export type Runs = {
  /** Computes the run, or what is missing of it. */
  readonly finish: (spec: RunSpec) => Promise<FinishedRun>;
  readonly traces: (spec: RunSpec) => Promise<Traces>;
  readonly close: () => Promise<void>;
};

export type RunsModules = {
  readonly folder: string;
  readonly store: BlobStore;
  readonly libraryFor: (consumed: ConsumedClaim | undefined) => Library;
  readonly openSteps: (graph: Graph, task: Task) => Promise<Steps>;
  readonly onSegment?: (task: Task, record: SegmentRecord) => void;
};

/** Runs whose executors stay loaded for the next question. */
const OPEN_TRACES = 2;

export const runKeyOf = ({ task, seed, consumed }: RunSpec): string =>
  runKey(taskHash(task), `${seed}${consumed?.resultRoot ?? ""}`);

export function openRuns({ folder, store, libraryFor, openSteps, onSegment }: RunsModules): Runs {
  const finished = new Map<string, Promise<FinishedRun>>();
  const opened = new Map<string, Promise<Traces>>();
  /** One run at a time: two would share the cores and both be late. */
  let turn: Promise<unknown> = Promise.resolve();

  async function compute(spec: RunSpec, key: string): Promise<FinishedRun> {
    const inputs = await assembleInputs(spec.task, spec.seed, spec.consumed, libraryFor(spec.consumed));
    const [steps, gatherer] = [await openSteps(inputs.graph, spec.task), openGatherer(inputs.dataset)];
    try {
      const result = await runTask(inputs, {
        steps,
        gatherer,
        store,
        checkpoints: openCheckpoints(join(folder, key)),
        onSegment: (record) => onSegment?.(spec.task, record),
      });
      return { inputs, result };
    } finally {
      await Promise.all([steps.close(), gatherer.close()]);
    }
  }

  const finish = (spec: RunSpec): Promise<FinishedRun> => {
    const key = runKeyOf(spec);
    const known = finished.get(key);
    if (known !== undefined) return known;
    const run = turn.then(() => compute(spec, key));
    turn = run.catch(() => finished.delete(key));
    finished.set(key, run);
    return run;
  };

  async function open(spec: RunSpec): Promise<Traces> {
    const { inputs, result } = await finish(spec);
    const steps = await openSteps(inputs.graph, spec.task);
    return openTraces(inputs, result.segments, { steps, gatherer: openGatherer(inputs.dataset), store });
  }

  const closeTraces = async (traces: Promise<Traces>) => (await traces).close();

  return {
    finish,
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
    close: async () => {
      await turn;
      await Promise.allSettled([...opened.values()].map(closeTraces));
    },
  };
}
