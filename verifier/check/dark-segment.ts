import type { Hex } from "viem";
import { stepTraceHash } from "../../common/claim.ts";
import { PROFILE } from "../../common/job.ts";
import { treeProof, treeRoot } from "../../common/merkle.ts";
import { hasStepRoots, stepsInSegment } from "../../common/task.ts";
import { encodeHeader } from "../model/encoding.ts";
import { resultFor } from "../model/failure.ts";
import { bitsOf } from "../numerics/float32.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { committedSession, failedIn } from "../trace/failed-step.ts";
import { rowOrderOf, type TaskInputs } from "../trace/inputs.ts";
import { batchOf } from "../trace/run.ts";
import { type StepRoots, stepRootOf, stepTraceOf } from "../trace/step.ts";
import { isSure, ownRootsOf, placementIn, type StepValues, stepRootsOf } from "../trace/values.ts";
import type { ClaimFinding } from "./claim.ts";
import { type Loss, lossAlone, wrongMetric } from "./dark-metrics.ts";
import { type FirstLook, judgeNodes, lookAtStep } from "./dark-step.ts";
import { deniedFailure } from "./denied.ts";
import type { SegmentProof } from "./evidence.ts";
import type { Published } from "./published.ts";
import { type SegmentCheckModules, startViolation, type WrongStep } from "./segment.ts";
import { firstDiffering, shownRoots } from "./shown.ts";
import { checkStep, claimedValuesOf, differsAt, hasWholeLists, uncanonical } from "./step.ts";
import type { Violation } from "./violation.ts";
import { WantedError } from "./want.ts";

/** A segment whose leaf L1 shows, and the state it must start from. */
export type DarkSegment = {
  readonly segment: number;
  readonly leaf: SegmentProof;
  readonly start: readonly Tensor[];
};

export type DarkVerdict =
  | Exclude<ClaimFinding, { kind: "right" }>
  | {
      readonly kind: "right";
      /** The claimed end. */
      readonly state: readonly Tensor[];
      /** Judges the leaf's metrics. */
      readonly judgeMetrics: Judge;
      /** Steps that a first look found nothing wrong in. */
      readonly doubts: readonly Doubt[];
    };

type Judge = () => Promise<Extract<ClaimFinding, { kind: "wrong" }> | undefined>;

/** A `tolerant` step of which not every node was judged: each of its values must be paid for. */
export type Doubt = {
  /** The larger, the sooner it is worth it (`FirstLook`). */
  readonly deviation: number;
  readonly judge: Judge;
};

/** What judging a step gives; `values` where any had to be read, the rest where some nodes were not judged. */
type Look = {
  readonly violation: Violation | undefined;
  readonly values: StepValues | undefined;
} & Partial<Pick<FirstLook, "deviation" | "rest">>;

/** A step as it is claimed, once it was found right. */
type Passed = { readonly hash: Hex; readonly roots: StepRoots; readonly loss: Loss | undefined };

/**
 * Judges the steps of a segment that are not the own ones, and those that hold what no claim may hold, in their order,
 * each from the claimed state before it.
 */
export async function checkDarkSegment(
  inputs: TaskInputs,
  modules: SegmentCheckModules,
  published: Published,
  { segment, leaf, start }: DarkSegment,
): Promise<DarkVerdict> {
  const { task, graph } = inputs;
  const opened = published.opened(segment)?.map(stepTraceHash);
  if (!hasStepRoots(task) && opened === undefined) return { kind: "closed", segment };
  const stepsRoot = opened === undefined ? leaf.leaf.stepsRoot : treeRoot(opened);
  const count = stepsInSegment(task, segment);
  const first = segment * task.segmentSteps;
  const shownHash = (step: number): Hex | undefined => {
    const shown = published.step(segment, step);
    return opened === undefined ? shown && stepTraceHash(shown.trace) : opened[step];
  };
  const isTolerant = task.profile === PROFILE.tolerant;
  const doubts: Doubt[] = [];
  let steps: readonly Passed[] = [];
  let state = start;

  for (;;) {
    const from = steps.length;
    const own: (Passed & { violation: Violation | undefined })[] = [];
    const end = await walk(inputs, modules, segment, from, count, state, (values) => {
      const roots = stepRootsOf(graph, values);
      const failed = failedIn(inputs, first + from + own.length);
      const right = failed && resultFor(graph, failed, (id) => values[id]!);
      const denied: Violation | undefined = right === undefined ? undefined : { kind: "failure", ...failed!, right };
      own.push({ ...passed(graph, roots, values), violation: uncanonical(graph, values) ?? denied });
    });
    const hashes = [...steps, ...own].map(({ hash }) => hash);
    // Where the own run cannot say what is right, every step must be looked at.
    const isOwn = (from === count || isSure(graph)) && treeRoot(hashes) === stepsRoot;
    const want = (step: number) => ({ path: "step", segment, step, page: 0 }) as const;
    const next = () => (isSure(graph) ? firstDiffering(hashes, from, shownHash, want) : from);
    const differing = isOwn ? count : next();
    const bad = own.findIndex(({ violation }) => violation !== undefined);
    const at = Math.min(differing, bad < 0 ? count : from + bad);
    if (at === count) {
      steps = [...steps, ...own];
      state = end.state;
      break;
    }

    const known = opened ?? (isOwn ? hashes : undefined);
    const proofOf = (step: number) => (known ? treeProof(known, step) : published.step(segment, step)?.proof);
    const roots = isOwn
      ? own[at - from]!.roots
      : await shownRoots(published, encodeHeader(graph, placementIn(graph)), segment, at);
    const proof = proofOf(at);
    if (proof === undefined) throw new WantedError(want(at));
    if (!hasWholeLists(graph, roots)) throw new Error("L1 shows lists of roots that are not the graph's");
    const { values } = await walk(inputs, modules, segment, from, at + 1, state);
    const { roots: ownRoots } = own[at - from]!;
    const read = published.read(segment, at);
    const compared = { roots, own: values, ownRoots: ownRootsOf(graph, ownRoots), read };
    const failed = failedIn(inputs, first + at);
    const judgement: Look =
      at < differing
        ? { violation: own[at - from]!.violation, values }
        : ((await startViolation(inputs, roots, ownRoots.stateIn, first + at, read)) ??
          (isTolerant
            ? await lookAtStep(inputs, modules, compared)
            : await checkStep(inputs, modules, { ...compared, metric: "unknown", failedNode: failed?.node })));
    const finding: Look =
      failed !== undefined && judgement.violation === undefined
        ? ((await deniedFailure(graph, failed, compared)) ?? judgement)
        : judgement;
    const before = [...steps, ...own][at - 1];
    const wrongIn = ({ violation, values: claimed }: { violation: Violation; values: StepValues | undefined }) =>
      found(at, proof, at === 0 ? undefined : proofOf(at - 1), {
        step: at,
        violation,
        roots,
        values: claimed ?? values,
        trace: stepTraceOf(roots),
        previousTrace: before && stepTraceOf(before.roots),
      });
    const { violation } = finding;
    if (violation !== undefined) return wrongIn({ violation, values: finding.values });
    const claimed = finding.values ?? values;
    const { deviation, rest } = finding;
    if (deviation !== undefined && rest !== undefined && rest.length > 0) {
      const start = state;
      const judge = async () => {
        // Computed again: a doubt may be looked into when many others wait, and all values of a step are many.
        const { values } = await walk(inputs, modules, segment, from, at + 1, start);
        const judged = await judgeNodes(inputs, modules, { ...compared, own: values }, rest);
        const { violation } = judged;
        return violation && wrongIn({ violation, values: judged.values });
      };
      doubts.push({ deviation, judge });
    }
    const isLossOwn = graph.loss === null || !differsAt(compared, placementIn(graph).places[graph.loss]!);
    const readLoss = async () => lossOf(await claimedValuesOf(graph, compared)(graph.loss!));
    const loss = isLossOwn ? lossIn(graph, claimed) : readLoss;
    steps = [...steps, ...own].slice(0, at).concat({ hash: stepRootOf(roots), roots, loss });
    state = graph.stateOutputs.map((id) => claimed[id]!);
  }

  const { roots } = steps.at(-1)!;
  const hashes = steps.map(({ hash }) => hash);
  const trace = stepTraceOf(roots);
  if (trace.stateOut !== leaf.leaf.endState) {
    const violation = { kind: "link", end: true } as const;
    // This proof takes no value.
    const wrong = { step: count - 1, violation, roots, values: [], trace, previousTrace: undefined };
    return found(count - 1, treeProof(hashes, count - 1), undefined, wrong);
  }
  const losses = steps.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
  const judgeMetrics = async () => {
    if (graph.shown?.hidesLoss === true) return undefined;
    const metric = await wrongMetric(segment, leaf.leaf.metricsRoot, losses, published.metrics(segment));
    if (metric === undefined) return undefined;
    const { roots } = steps[metric.step]!;
    const violation = { kind: "metric" } as const;
    const values = lossAlone(graph, metric.lossBits);
    const wrong = { step: metric.step, violation, roots, values, trace: stepTraceOf(roots), previousTrace: undefined };
    return found(metric.step, treeProof(hashes, metric.step), undefined, wrong, metric.metrics);
  };
  return { kind: "right", state, doubts, judgeMetrics };

  function found(
    step: number,
    stepProof: readonly Hex[],
    previousStepProof: readonly Hex[] | undefined,
    wrong: WrongStep,
    metrics: readonly bigint[] = [],
  ): Extract<ClaimFinding, { kind: "wrong" }> {
    const previousSegment = segment === 0 ? undefined : published.leaf(segment - 1);
    const isLinked = wrong.violation.kind === "link" && !wrong.violation.end && step === 0 && segment > 0;
    if (isLinked && previousSegment === undefined) throw new WantedError({ path: "segment", segment: segment - 1 });
    if (wrong.violation.kind === "link" && step > 0 && !wrong.violation.end && previousStepProof === undefined)
      throw new WantedError({ path: "step", segment, step: step - 1, page: 0 });
    const evidence = { segment: leaf, previousSegment, stepProof, previousStepProof, metrics };
    return { kind: "wrong", segment, wrong, read: published.read(segment, step), evidence };
  }
}

const passed = (graph: TaskInputs["graph"], roots: StepRoots, values: StepValues): Passed => ({
  hash: stepRootOf(roots),
  roots,
  loss: lossIn(graph, values),
});

const lossIn = (graph: TaskInputs["graph"], values: StepValues): number | undefined =>
  graph.loss === null ? undefined : lossOf(values[graph.loss]!);

const lossOf = (loss: Tensor): number => bitsOf(Number(loss.data[0]));

/** Computes steps `from` up to `to` of a segment one by one. */
async function walk(
  inputs: TaskInputs,
  { session, gatherer }: SegmentCheckModules,
  segment: number,
  from: number,
  to: number,
  start: readonly Tensor[],
  onStep: (values: StepValues) => void = () => {},
): Promise<{ state: readonly Tensor[]; values: StepValues }> {
  const { task, graph } = inputs;
  const count = stepsInSegment(task, segment);
  const feeds = await gatherer.feeds(rowOrderOf(inputs), segment * task.segmentSteps, count);
  const ids = graph.values.map((_, id) => id);
  let state = start;
  let values: StepValues = [];
  for (let index = from; index < to; index++) {
    const step = committedSession(inputs, session, segment * task.segmentSteps + index);
    values = await step.values(state, batchOf(graph, feeds, index, count), ids);
    onStep(values);
    state = graph.stateOutputs.map((id) => values[id]!);
  }
  return { state, values };
}
