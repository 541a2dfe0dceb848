import type { Hex } from "viem";
import type { StepTrace } from "../../common/claim.ts";
import { PLACE } from "../../common/graph-encoding.ts";
import { startsDrawn, startsFromRoot, stepsInSegment } from "../../common/task.ts";
import type { Graph } from "../graph/graph.ts";
import type { FailedElement } from "../model/failure.ts";
import type { Session } from "../runtime/runtime.ts";
import { slicesOf } from "../runtime/slices.ts";
import { byteSizeOf, fromBytes, type Tensor } from "../tensor/tensor.ts";
import { committedSession, failedIn } from "../trace/failed-step.ts";
import type { Gatherer } from "../trace/gather.ts";
import { rowOrderOf, type TaskInputs } from "../trace/inputs.ts";
import { batchOf } from "../trace/run.ts";
import { rootOfList, type StepRoots, stepRootOf, stepTraceOf } from "../trace/step.ts";
import type { SegmentRecord } from "../trace/trajectory.ts";
import { isSure, ownRootsOf, type StepValues } from "../trace/values.ts";
import { deniedFailure } from "./denied.ts";
import { firstDifferingElement } from "./first-difference.ts";
import { checkLargeStep } from "./large-step.ts";
import { computeOwnStep, type OwnStep } from "./own-step.ts";
import {
  brokenAt,
  type ClaimedMetric,
  type ClaimedStep,
  checkStep,
  metricViolation,
  type ReadValue,
  type StepCheckModules,
  type StepFinding,
} from "./step.ts";
import type { Violation } from "./violation.ts";

export type SegmentCheckModules = StepCheckModules & {
  /** Of the task's graph. */
  readonly session: Session;
  readonly gatherer: Gatherer;
};

/** What a claim says of the steps of a segment. */
export type ClaimedSegment = {
  readonly record: SegmentRecord;
  /** Roots of its steps, which gave the steps root in the leaf or the one opened on L1. */
  readonly stepHashes: readonly Hex[];
  /** State it must start from, and its root. */
  readonly start: readonly Tensor[];
  readonly startRoots: readonly Hex[];
  /** Value roots of step i, checked against `stepHashes[i]`. */
  readonly roots: (step: number) => Promise<StepRoots>;
  readonly read: (step: number) => ReadValue;
};

/** A wrong step with everything that its proof needs. */
export type WrongStep = {
  readonly step: number;
  readonly violation: Violation;
  readonly roots: StepRoots;
  /** Claimed values; the own ones where the roots agree. Of a large step those that the proof opens. */
  readonly values: StepValues;
  readonly trace: StepTrace;
  readonly previousTrace: StepTrace | undefined;
};

export type SegmentFinding = {
  readonly wrong: WrongStep | undefined;
  /** The claimed state at the segment's end. */
  readonly state: readonly Tensor[];
};

/** Walks the steps of a segment from its claimed start and stops at the first wrong one. */
export async function checkSegment(
  inputs: TaskInputs,
  modules: SegmentCheckModules,
  claimed: ClaimedSegment,
): Promise<SegmentFinding> {
  const { task, graph } = inputs;
  const { record, stepHashes } = claimed;
  const count = stepsInSegment(task, record.index);
  const first = record.index * task.segmentSteps;
  const feeds = await modules.gatherer.feeds(rowOrderOf(inputs), first, count);
  const slices = slicesOf(graph, modules.sliceBytes);
  let state = claimed.start;
  let stateRoots = claimed.startRoots;
  let previousTrace: StepTrace | undefined;
  for (let step = 0; step < count; step++) {
    const failed = failedIn(inputs, first + step);
    const session = committedSession(inputs, modules.session, first + step);
    const own = await computeOwnStep(graph, session, slices, state, batchOf(graph, feeds, step, count));
    try {
      const isOwn = isSure(graph) && stepRootOf(own.roots) === stepHashes[step];
      const roots = isOwn ? own.roots : await claimed.roots(step);
      const trace = stepTraceOf(roots);
      const said = { roots, metric: record.metrics[step], read: claimed.read(step), failedNode: failed?.node };
      const judgement = isOwn
        ? await ownFinding(graph, own, said.metric)
        : ((await startViolation(inputs, roots, stateRoots, first + step, said.read)) ??
          (await judged(inputs, modules, said, own)));
      const finding =
        failed !== undefined && judgement.violation === undefined
          ? ((await denied(graph, failed, said, own)) ?? judgement)
          : judgement;
      const last = step === count - 1;
      const violation: Violation | undefined =
        finding.violation ?? (last && trace.stateOut !== record.endState ? { kind: "link", end: true } : undefined);
      const values = finding.values ?? own.ends;
      if (violation !== undefined) return { wrong: { step, violation, roots, values, trace, previousTrace }, state };
      state = graph.stateOutputs.map((id) => values[id]!);
      stateRoots = roots.stateOut;
      previousTrace = trace;
    } finally {
      await own.close();
    }
  }
  return { wrong: undefined, state };
}

/** Of a step that is the own one: it may still hold what no claim may. */
async function ownFinding(graph: Graph, own: OwnStep, metric: ClaimedMetric): Promise<StepFinding> {
  const { broken, ends } = own;
  if (broken === undefined) return { violation: metricViolation(graph, ends, metric), values: ends };
  return { violation: brokenAt(graph, broken), values: await own.values([broken.id]) };
}

async function denied(
  graph: Graph,
  failed: FailedElement,
  { roots, read }: Pick<ClaimedStep, "roots" | "read">,
  own: OwnStep,
): Promise<StepFinding | undefined> {
  const values = await own.values(graph.nodes[failed.node]!.inputs);
  return deniedFailure(graph, failed, { roots, read, own: values, ownRoots: ownRootsOf(graph, own.roots) });
}

const judged = (
  inputs: TaskInputs,
  modules: SegmentCheckModules,
  said: Pick<ClaimedStep, "roots" | "metric" | "read" | "failedNode">,
  own: OwnStep,
): Promise<StepFinding> =>
  own.isWhole
    ? checkStep(inputs, modules, { ...said, own: own.ends, ownRoots: ownRootsOf(inputs.graph, own.roots) })
    : checkLargeStep(inputs, modules, { ...said, own });

/** The step does not start from the state before it. A first state that comes from a model, or is drawn, is judged by tensor. */
export async function startViolation(
  { task, graph, start }: TaskInputs,
  roots: StepRoots,
  expected: readonly Hex[],
  globalStep: number,
  read: ReadValue,
): Promise<{ violation: Violation; values: undefined } | undefined> {
  if (rootOfList(roots.stateIn) === rootOfList(expected)) return undefined;
  if (globalStep === 0 && (!startsFromRoot(task) || startsDrawn(task))) {
    const state = roots.stateIn.findIndex((root, i) => root !== expected[i]);
    const own = start[state]!;
    if (!startsDrawn(task) || graph.stateInputs[state]!.rule === undefined)
      return { violation: { kind: "start", state }, values: undefined };
    const claimed = await read(PLACE.state, state, roots.stateIn[state]!, byteSizeOf(own));
    const element = firstDifferingElement(fromBytes({ dtype: own.dtype, shape: own.shape }, claimed), own);
    return { violation: { kind: "start", state, element }, values: undefined };
  }
  return { violation: { kind: "link", end: false }, values: undefined };
}
