import type { Hex } from "viem";
import { type StepTrace, segmentLeafHash, stepTraceHash } from "../../common/claim.ts";
import { treeProof } from "../../common/merkle.ts";
import { hasStepRoots, segmentCount, stepsInSegment } from "../../common/task.ts";
import { DataUnavailableError } from "../data/client.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { rowOrderOf, type TaskInputs } from "../trace/inputs.ts";
import { batchOf } from "../trace/run.ts";
import { rootOfList, type StepRoots, stepRootOf, stepTraceOf } from "../trace/step.ts";
import { type SegmentRecord, segmentLeafOf, trajectoryRoot } from "../trace/trajectory.ts";
import { type StepValues, stepRootsOf } from "../trace/values.ts";
import { bisect } from "./bisect.ts";
import { type ClaimFinding, type ClaimSubject, ownSegment } from "./claim.ts";
import type { Evidence, SegmentProof } from "./evidence.ts";
import type { SegmentCheckModules, WrongStep } from "./segment.ts";
import { checkStep, hasWholeLists, type ReadValue } from "./step.ts";
import { type Want, WantedError } from "./want.ts";

/** What L1 shows of a claim: what was demanded and answered, with its proofs. */
export type Published = {
  readonly leaf: (segment: number) => SegmentProof | undefined;
  readonly step: (segment: number, step: number) => PublishedStep | undefined;
  /** All steps of a segment whose leaf holds no steps root. */
  readonly opened: (segment: number) => readonly StepTrace[] | undefined;
  /** Throws `WantedError` for the first chunks that are missing. */
  readonly read: (segment: number, step: number) => ReadValue;
};
export type PublishedStep = { readonly roots: StepRoots; readonly proof: readonly Hex[] };

/**
 * Checks a strict claim whose claimant serves nothing: the own run says what it must be, and what differs is asked for
 * on L1, down to the bytes of one value. Throws `WantedError` with what to ask for next.
 */
export async function checkDark(
  subject: ClaimSubject,
  modules: SegmentCheckModules,
  published: Published,
): Promise<ClaimFinding> {
  const { inputs, claim } = subject;
  const { records } = await ownRun(inputs, modules, segmentCount(inputs.task));
  if (trajectoryRoot(records) === claim.trajectoryRoot) return { kind: "right" };
  const segment = firstDiffering(
    records.map(segmentLeafOf),
    (index) => hashOfLeaf(published.leaf(index)),
    (index) => ({ path: "segment", segment: index }),
  );
  if (segment === undefined) throw new Error("L1 shows the leaves of another trajectory than the claimed");
  return checkSegmentOnL1(subject, modules, published, records[segment]!);
}

/** The first segment whose leaf is not the own one: it starts from a state that both agree on. */
async function checkSegmentOnL1(
  { inputs }: ClaimSubject,
  modules: SegmentCheckModules,
  published: Published,
  ownRecord: SegmentRecord,
): Promise<ClaimFinding> {
  const segment = ownRecord.index;
  const opened = published.opened(segment);
  if (!hasStepRoots(inputs.task) && opened === undefined) return { kind: "closed", segment };
  const { state } = await ownRun(inputs, modules, segment);
  const own: StepRoots[] = [];
  await walk(inputs, modules, segment, state, (values) => own.push(stepRootsOf(inputs.graph, values)));
  const ownHashes = own.map(stepRootOf);
  const shownHash = (step: number) =>
    opened === undefined ? hashOfStep(published.step(segment, step)) : stepTraceHash(opened[step]!);
  const step = firstDiffering(ownHashes, shownHash, (index) => ({ path: "step", segment, step: index }));

  const proofOf = (index: number): readonly Hex[] =>
    opened === undefined
      ? (published.step(segment, index)?.proof ?? treeProof(ownHashes, index))
      : treeProof(opened.map(stepTraceHash), index);
  const found = (wrong: WrongStep): ClaimFinding => ({
    kind: "wrong",
    segment,
    wrong,
    read: published.read(segment, wrong.step),
    evidence: {
      segment: published.leaf(segment)!,
      previousSegment: segment === 0 ? undefined : published.leaf(segment - 1),
      stepProof: proofOf(wrong.step),
      previousStepProof: wrong.step === 0 ? undefined : proofOf(wrong.step - 1),
      metrics: ownRecord.metrics,
    } satisfies Evidence,
  });

  const at = step ?? own.length - 1;
  let values: StepValues = [];
  await walk(inputs, modules, segment, state, (computed, index) => {
    if (index === at) values = computed;
  });
  const previousTrace = at === 0 ? undefined : stepTraceOf(own[at - 1]!);
  const about = { step: at, values, previousTrace };
  if (step === undefined) {
    if (published.leaf(segment)!.leaf.endState === ownRecord.endState) throw unprovableMetrics(segment);
    const roots = own[at]!;
    return found({ ...about, roots, trace: stepTraceOf(roots), violation: { kind: "link", end: true } });
  }
  const shown = published.step(segment, step);
  if (shown === undefined) throw new WantedError({ path: "step", segment, step });
  const { roots } = shown;
  if (!hasWholeLists(inputs.graph, roots)) throw new Error("L1 shows lists of roots that are not the graph's");
  const wrong = { ...about, roots, trace: stepTraceOf(roots) };
  if (rootOfList(roots.stateIn) !== rootOfList(own[step]!.stateIn))
    return found({ ...wrong, violation: { kind: "link", end: false } });
  const finding = await checkStep(inputs, modules, {
    roots,
    own: values,
    ownRoots: own[step]!,
    read: published.read(segment, step),
    metric: "unknown",
  });
  if (finding.violation === undefined)
    throw new Error(`step ${step} of segment ${segment} differs, yet nothing is wrong`);
  return found({ ...wrong, values: finding.values, violation: finding.violation });
}

const hashOfLeaf = (shown: SegmentProof | undefined): Hex | undefined => shown && segmentLeafHash(shown.leaf);
const hashOfStep = (shown: PublishedStep | undefined): Hex | undefined => shown && stepRootOf(shown.roots);

/** A leaf holds the root of its metrics, L1 never their list, without which none of them can be proven wrong. */
const unprovableMetrics = (segment: number) =>
  new DataUnavailableError("metrics-dark", `only the metrics of segment ${segment} differ, and nobody serves them`);

/** The first item that differs from the own one; throws `WantedError` while that is not known. */
function firstDiffering(
  own: readonly Hex[],
  shown: (index: number) => Hex | undefined,
  want: (index: number) => Want,
): number | undefined {
  const next = bisect(
    own.map((hash, index) => {
      const other = shown(index);
      return other === undefined ? undefined : other !== hash;
    }),
  );
  if (next.kind === "ask") throw new WantedError(want(next.index));
  return next.kind === "found" ? next.index : undefined;
}

/** The first `count` segments as this machine computes them, and the state behind them. */
async function ownRun(inputs: TaskInputs, modules: SegmentCheckModules, count: number) {
  const records: SegmentRecord[] = [];
  let state = inputs.start;
  for (let index = 0; index < count; index++) {
    const { state: end, metrics, endState, stepsRoot } = await ownSegment(inputs, modules, index, state);
    records.push({ index, endState, metrics, stepsRoot });
    state = end;
  }
  return { records, state };
}

/** Computes the steps of a segment one by one. */
async function walk(
  inputs: TaskInputs,
  { session, gatherer }: SegmentCheckModules,
  segment: number,
  start: readonly Tensor[],
  onStep: (values: StepValues, index: number) => void,
): Promise<void> {
  const { task, graph } = inputs;
  const count = stepsInSegment(task, segment);
  const feeds = await gatherer.feeds(rowOrderOf(inputs), segment * task.segmentSteps, count);
  const ids = graph.values.map((_, id) => id);
  let state = start;
  for (let index = 0; index < count; index++) {
    const values = await session.values(state, batchOf(graph, feeds, index, count), ids);
    onStep(values, index);
    state = graph.stateOutputs.map((id) => values[id]!);
  }
}
