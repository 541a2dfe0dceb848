import type { Hex } from "viem";
import type { ResultClaim } from "../../common/claim.ts";
import { treeRoot } from "../../common/merkle.ts";
import { hasStepRoots, segmentCount, stepsInSegment } from "../../common/task.ts";
import { type DataClient, DataUnavailableError } from "../data/client.ts";
import { tensorRoot } from "../tensor/root.ts";
import { bytesOf, type Tensor } from "../tensor/tensor.ts";
import { rowOrderOf, type TaskInputs } from "../trace/inputs.ts";
import { computeSegment } from "../trace/run.ts";
import { rootOfList, type StepRoots, stepRootOf } from "../trace/step.ts";
import { stepsOf } from "../trace/steps.ts";
import { type SegmentRecord, trajectoryRoot } from "../trace/trajectory.ts";
import { isSure } from "../trace/values.ts";
import { type Evidence, evidenceOf } from "./evidence.ts";
import { checkSegment, type SegmentCheckModules, type WrongStep } from "./segment.ts";
import { hasWholeLists, type ReadValue } from "./step.ts";

/** A claim to be checked, and where its data is. */
export type ClaimSubject = {
  readonly claimHash: Hex;
  readonly claim: ResultClaim;
  readonly inputs: TaskInputs;
  /** The claimant's data service. */
  readonly data: DataClient;
};

export type ClaimFinding =
  /** `state`: the claimed end. */
  | { readonly kind: "right"; readonly state: readonly Tensor[] }
  | {
      readonly kind: "wrong";
      readonly segment: number;
      readonly wrong: WrongStep;
      readonly evidence: Evidence;
      readonly read: ReadValue;
    }
  /** The segment cannot be right, but its steps are not known: they must be opened on L1. */
  | { readonly kind: "closed"; readonly segment: number }
  | { readonly kind: "unavailable"; readonly error: DataUnavailableError };

/** Step roots of a segment that L1 has seen opened; undefined while it is closed. */
export type OpenedSteps = (segment: number) => Promise<readonly Hex[] | undefined>;

/** The parts of a claim's trajectory, checked against its trajectory root. */
export async function claimedRecords({
  claimHash,
  claim,
  inputs,
  data,
}: ClaimSubject): Promise<readonly SegmentRecord[]> {
  const records = await data.segments(claimHash, segmentCount(inputs.task));
  const actual = trajectoryRoot(records);
  if (actual !== claim.trajectoryRoot)
    throw new DataUnavailableError("data-mismatch", "the segments served are not those claimed", {
      expected: claim.trajectoryRoot,
      actual,
    });
  return records;
}

/** How a check is gone on with that was broken off; what `onSegment` throws breaks it off. */
export type InOrder = {
  /** The first segment to look at, and the claimed state before it. */
  readonly from?: { readonly segment: number; readonly state: readonly Tensor[] } | undefined;
  /** A segment is right; `state`: the claimed one at its end. */
  readonly onSegment?: (segment: number, state: readonly Tensor[]) => void | Promise<void>;
};

/** Checks all segments from their claimed starts, in order, up to the first that is not right. */
export async function checkClaim(
  subject: ClaimSubject,
  modules: SegmentCheckModules,
  opened: OpenedSteps,
  { from, onSegment }: InOrder = {},
): Promise<ClaimFinding> {
  try {
    const records = await claimedRecords(subject);
    let start = from?.state ?? subject.inputs.start;
    for (let index = from?.segment ?? 0; index < records.length; index++) {
      const finding = await checkOne(subject, modules, opened, records, index, start);
      if (finding.kind !== "right") return finding;
      start = finding.state;
      await onSegment?.(index, start);
    }
    return { kind: "right", state: start };
  } catch (error) {
    if (error instanceof DataUnavailableError) return { kind: "unavailable", error };
    throw error;
  }
}

/** Checks one segment from the state it is claimed to start from. */
export async function checkOne(
  subject: ClaimSubject,
  modules: SegmentCheckModules,
  opened: OpenedSteps,
  records: readonly SegmentRecord[],
  segment: number,
  start: readonly Tensor[],
): Promise<ClaimFinding> {
  const { inputs } = subject;
  const record = records[segment]!;
  if (!hasStepRoots(inputs.task) && isSure(inputs.graph)) {
    const own = await ownSegment(inputs, modules, segment, start);
    if (
      own.uncanonical === undefined &&
      own.endState === record.endState &&
      own.metrics.join() === record.metrics.join() &&
      record.stepsRoot === own.stepsRoot
    )
      return { kind: "right", state: own.state };
  }
  const stepHashes = hasStepRoots(inputs.task) ? await servedHashes(subject, record) : await opened(segment);
  if (stepHashes === undefined) return { kind: "closed", segment };
  const read =
    (step: number): ReadValue =>
    (place, index, root, byteLength) =>
      subject.data.value(subject.claimHash, globalStep(inputs, segment, step), place, index, root, byteLength);
  const { wrong, state } = await checkSegment(inputs, modules, {
    record,
    stepHashes,
    start,
    startRoots: start.map((tensor) => tensorRoot(bytesOf(tensor))),
    roots: (step) => servedRoots(subject, segment, step, stepHashes[step]!),
    read,
  });
  if (wrong === undefined) return { kind: "right", state };
  const evidence = evidenceOf(records, stepHashes, segment, wrong.step);
  return { kind: "wrong", segment, wrong, evidence, read: read(wrong.step) };
}

const globalStep = ({ task }: TaskInputs, segment: number, step: number): number => segment * task.segmentSteps + step;

/** The segment as the challenger computes it from the claimed start. */
export async function ownSegment(
  inputs: TaskInputs,
  { session, gatherer }: SegmentCheckModules,
  segment: number,
  start: readonly Tensor[],
) {
  const { task } = inputs;
  const first = segment * task.segmentSteps;
  const feeds = await gatherer.feeds(rowOrderOf(inputs), first, stepsInSegment(task, segment));
  const { state, metrics, stepRoots, uncanonical } = await computeSegment(
    inputs,
    stepsOf(session),
    segment,
    start,
    feeds,
  );
  const endState = rootOfList(state.map((tensor) => tensorRoot(bytesOf(tensor))));
  return { state, metrics, endState, stepsRoot: rootOfList(stepRoots), uncanonical };
}

async function servedHashes({ claimHash, data, inputs }: ClaimSubject, record: SegmentRecord): Promise<readonly Hex[]> {
  const hashes = await data.stepHashes(claimHash, record.index, stepsInSegment(inputs.task, record.index));
  if (treeRoot(hashes) !== record.stepsRoot)
    throw new DataUnavailableError("data-mismatch", "the step roots served are not those claimed", {
      expected: record.stepsRoot,
      actual: treeRoot(hashes),
    });
  return hashes;
}

async function servedRoots(subject: ClaimSubject, segment: number, step: number, hash: Hex): Promise<StepRoots> {
  const { claimHash, data, inputs } = subject;
  const roots = await data.stepRoots(claimHash, globalStep(inputs, segment, step));
  if (stepRootOf(roots) !== hash || !hasWholeLists(inputs.graph, roots))
    throw new DataUnavailableError("data-mismatch", `the value roots served of step ${step} are not those claimed`, {
      expected: hash,
      actual: stepRootOf(roots),
    });
  return roots;
}
