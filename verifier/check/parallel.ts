import { PLACE } from "../../common/graph-encoding.ts";
import { DataUnavailableError } from "../data/client.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { byteSizeOf, fromBytes, type Tensor } from "../tensor/tensor.ts";
import { stateTypes, type TaskInputs } from "../trace/inputs.ts";
import { rootOfList } from "../trace/step.ts";
import type { SegmentRecord } from "../trace/trajectory.ts";
import { withCheckModules } from "./bench.ts";
import { type ClaimFinding, type ClaimSubject, checkOne, claimedRecords, type OpenedSteps } from "./claim.ts";
import type { SegmentCheckModules } from "./segment.ts";

/** What checks segments beside each other: each has threads of its own, all read one dataset. */
export function withCheckers<T>(
  runtime: Runtime,
  inputs: TaskInputs,
  count: number,
  use: (checkers: readonly SegmentCheckModules[]) => Promise<T>,
  opened: readonly SegmentCheckModules[] = [],
): Promise<T> {
  if (opened.length === count) return use(opened);
  return withCheckModules(runtime, inputs, (modules) =>
    withCheckers(runtime, inputs, count, use, [...opened, modules]),
  );
}

export type ParallelOptions = {
  /** Segments to look at; the others are believed. */
  readonly chosen: (segment: number) => boolean;
  /** A segment is right; what it throws ends the check, once the segments under way have ended. */
  readonly onSegment?: (segment: number) => void;
};

/**
 * Checks segments beside each other, each from the state that its claimant serves for its start. They are independent:
 * whatever is wrong in one is proven from the claimed state before it. As `checkClaim`, but for what is looked at, and that
 * any wrong segment may be the one found. `unavailable` says only that the states between the segments were not served.
 */
export async function checkSegments(
  subject: ClaimSubject,
  checkers: readonly SegmentCheckModules[],
  opened: OpenedSteps,
  { chosen, onSegment }: ParallelOptions,
): Promise<ClaimFinding> {
  const findings: ClaimFinding[] = [];
  let end: readonly Tensor[] | undefined;
  try {
    const records = await claimedRecords(subject);
    // Drawn one by one, and closed by whoever leaves it.
    const queue = segmentsWhere(records.length, chosen);
    const work = async (modules: SegmentCheckModules): Promise<void> => {
      for (const segment of queue) {
        const finding = await checkServed(subject, modules, opened, records, segment);
        if (finding.kind !== "right") {
          findings.push(finding);
          return; // one is enough; those under way are finished
        }
        if (segment === records.length - 1) end = finding.state;
        onSegment?.(segment);
      }
    };
    // Each ends before what it computes with is taken from it.
    const ended = await Promise.allSettled(checkers.map(work));
    const found = mostUseful(findings);
    if (found !== undefined) return found;
    for (const one of ended) if (one.status === "rejected") throw one.reason;
    return { kind: "right", state: end ?? (await claimedEnd(subject)) };
  } catch (error) {
    if (error instanceof DataUnavailableError) return { kind: "unavailable", error };
    throw error;
  }
}

function* segmentsWhere(count: number, chosen: (segment: number) => boolean): Generator<number, void> {
  for (let segment = 0; segment < count; segment++) if (chosen(segment)) yield segment;
}

/** What can be proven at once, then what must be opened first, then what is not known. */
const mostUseful = (findings: readonly ClaimFinding[]): ClaimFinding | undefined =>
  findings.find(({ kind }) => kind === "wrong") ?? findings.find(({ kind }) => kind === "closed") ?? findings[0];

async function checkServed(
  subject: ClaimSubject,
  modules: SegmentCheckModules,
  opened: OpenedSteps,
  records: readonly SegmentRecord[],
  segment: number,
): Promise<ClaimFinding> {
  try {
    const start = await claimedStart(subject, records, segment);
    return await checkOne(subject, modules, opened, records, segment, start);
  } catch (error) {
    if (error instanceof DataUnavailableError) return { kind: "unavailable", error };
    throw error;
  }
}

/** The state a segment must start from: the end claimed of the one before it. */
async function claimedStart(
  { claimHash, inputs, data }: ClaimSubject,
  records: readonly SegmentRecord[],
  segment: number,
): Promise<readonly Tensor[]> {
  if (segment === 0) return inputs.start;
  const types = stateTypes(inputs.graph);
  const step = segment * inputs.task.segmentSteps;
  const { stateIn } = await data.stepRoots(claimHash, step);
  const expected = records[segment - 1]!.endState;
  if (stateIn.length !== types.length || rootOfList(stateIn) !== expected)
    throw new DataUnavailableError("data-mismatch", `the state served for step ${step} is not the one claimed`, {
      expected,
      actual: rootOfList(stateIn),
    });
  return Promise.all(
    types.map(async (type, i) =>
      fromBytes(type, await data.value(claimHash, step, PLACE.state, i, stateIn[i]!, byteSizeOf(type))),
    ),
  );
}

async function claimedEnd({ claim, inputs, data }: ClaimSubject): Promise<readonly Tensor[]> {
  const types = stateTypes(inputs.graph);
  const roots = await data.roots(claim.resultRoot, types.length);
  return Promise.all(types.map(async (type, i) => fromBytes(type, await data.tensor(roots[i]!, byteSizeOf(type)))));
}
