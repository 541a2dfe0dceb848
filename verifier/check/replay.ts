import { hasStepRoots, stepsInSegment } from "../../common/task.ts";
import { DataUnavailableError } from "../data/client.ts";
import { type OpName, valueAt } from "../graph/graph.ts";
import { byteSizeOf, fromBytes, type Tensor } from "../tensor/tensor.ts";
import { committedSession } from "../trace/failed-step.ts";
import { rowOrderOf } from "../trace/inputs.ts";
import { batchOf } from "../trace/run.ts";
import { rootOfList, type StepRoots, stepRootOf } from "../trace/step.ts";
import type { SegmentRecord } from "../trace/trajectory.ts";
import { placementIn, rootAt, type StepValues, stepRootsOf } from "../trace/values.ts";
import { type ClaimSubject, claimedRecords, ownSegment } from "./claim.ts";
import type { SegmentCheckModules } from "./segment.ts";
import { type Bucket, histogramOf, ulpDistances } from "./ulp-histogram.ts";

/** The first step in which a claimed run leaves the own one. It says what differs, not who is wrong. */
export type Divergence = {
  readonly segment: number;
  /** Of the run. */
  readonly step: number;
  /** Nodes of the step whose output differs. */
  readonly differingNodes: number;
  /** The first of them, in the graph's order; undefined where only an input or the metric differs. */
  readonly first: DifferingNode | undefined;
  /** All is equal, but the element that is said to have failed (P15) has a result. */
  readonly notFailed?: boolean;
};

export type DifferingNode = {
  readonly node: number;
  readonly name: string;
  readonly op: OpName;
  /** Of its output, those that differ (−0 and 0 do not), and the first of these. */
  readonly elements: number;
  readonly differing: number;
  readonly firstElement: number | undefined;
  /** How far the elements are apart. */
  readonly ulps: readonly Bucket[];
};

/** Computes a claimed run again from its start and names the first op that gives other bits; undefined: equal throughout. */
export async function compareReplay(
  subject: ClaimSubject,
  modules: SegmentCheckModules,
  onSegment?: (segment: number) => void,
): Promise<Divergence | undefined> {
  const { inputs } = subject;
  let state: readonly Tensor[] = inputs.start;
  for (const record of await claimedRecords(subject)) {
    const own = await ownSegment(inputs, modules, record.index, state);
    const isEqual =
      own.endState === record.endState &&
      own.stepsRoot === record.stepsRoot &&
      own.metrics.join() === record.metrics.join();
    if (!isEqual) return divergenceIn(subject, modules, record, state);
    if (inputs.failed !== undefined && own.uncanonical !== undefined)
      return {
        segment: record.index,
        step: inputs.task.steps - 1,
        differingNodes: 0,
        first: undefined,
        notFailed: true,
      };
    state = own.state;
    onSegment?.(record.index);
  }
  return undefined;
}

async function divergenceIn(
  subject: ClaimSubject,
  { session, gatherer }: SegmentCheckModules,
  record: SegmentRecord,
  start: readonly Tensor[],
): Promise<Divergence> {
  const { claimHash, data, inputs } = subject;
  const { task, graph } = inputs;
  const count = stepsInSegment(task, record.index);
  const first = record.index * task.segmentSteps;
  const claimed = await data.stepHashes(claimHash, record.index, count);
  // Without step roots in the claim these are only what its claimant says now: good enough to look for a cause.
  if (hasStepRoots(task) && rootOfList(claimed) !== record.stepsRoot)
    throw new DataUnavailableError("data-mismatch", "the step roots served are not those claimed", {
      expected: record.stepsRoot,
      actual: rootOfList(claimed),
    });
  const feeds = await gatherer.feeds(rowOrderOf(inputs), first, count);
  const ids = graph.values.map((_, id) => id);
  let state = start;
  for (let i = 0; i < count; i++) {
    const step = committedSession(subject.inputs, session, first + i);
    const own = await step.values(state, batchOf(graph, feeds, i, count), ids);
    const ownRoots = stepRootsOf(graph, own);
    if (stepRootOf(ownRoots) === claimed[i]) {
      state = graph.stateOutputs.map((id) => own[id]!);
      continue;
    }
    const roots = await data.stepRoots(claimHash, first + i);
    return divergenceAt(subject, { segment: record.index, step: first + i }, { own, ownRoots, roots });
  }
  throw new DataUnavailableError("data-mismatch", "the steps served are the own ones, the segment claimed is not", {
    expected: record.endState,
  });
}

async function divergenceAt(
  { claimHash, data, inputs: { graph } }: ClaimSubject,
  at: { readonly segment: number; readonly step: number },
  { own, ownRoots, roots }: { readonly own: StepValues; readonly ownRoots: StepRoots; readonly roots: StepRoots },
): Promise<Divergence> {
  const { places } = placementIn(graph);
  const rootOf = (of: StepRoots, id: number) => rootAt(of, places[id]!.place, places[id]!.index);
  const differs = graph.nodes.map(({ output }) => rootOf(roots, output) !== rootOf(ownRoots, output));
  const differingNodes = differs.filter(Boolean).length;
  const node = differs.indexOf(true);
  if (node < 0) return { ...at, differingNodes, first: undefined };
  const { op, output } = graph.nodes[node]!;
  const { name, dtype, shape } = valueAt(graph, output);
  const { place, index } = places[output]!;
  const bytes = await data.value(
    claimHash,
    at.step,
    place,
    index,
    rootOf(roots, output)!,
    byteSizeOf({ dtype, shape }),
  );
  const distances = ulpDistances(fromBytes({ dtype, shape }, bytes), own[output]!);
  const firstElement = distances.findIndex((distance) => distance > 0);
  const first: DifferingNode = {
    node,
    name,
    op,
    elements: distances.length,
    differing: distances.filter((distance) => distance > 0).length,
    firstElement: firstElement < 0 ? undefined : firstElement,
    ulps: histogramOf(distances),
  };
  return { ...at, differingNodes, first };
}
