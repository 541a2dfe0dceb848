import type { Hex } from "viem";
import { segmentLeafHash } from "../../common/claim.ts";
import { treeRoot } from "../../common/merkle.ts";
import { segmentCount } from "../../common/task.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TaskInputs } from "../trace/inputs.ts";
import { segmentLeafOf } from "../trace/trajectory.ts";
import { isSure } from "../trace/values.ts";
import { type ClaimFinding, type ClaimSubject, ownSegment } from "./claim.ts";
import { checkDarkSegment, type Doubt } from "./dark-segment.ts";
import type { SegmentProof } from "./evidence.ts";
import type { Published } from "./published.ts";
import type { SegmentCheckModules } from "./segment.ts";
import { firstDiffering } from "./shown.ts";
import { WantedError } from "./want.ts";

/** Segments as this machine computes them, and the first that no claim may hold. */
export type OwnLeaves = { readonly leaves: readonly Hex[]; readonly uncanonical: number | undefined };

/** The same with the state behind them. */
export type OwnRun = OwnLeaves & { readonly state: readonly Tensor[] };

/**
 * Where runs from segment `from` up to `to` are kept: those that were broken off, and those that questions follow. L1's answers come days
 * later, and the time for the next move may be shorter than a run.
 */
export type OwnRuns = {
  readonly begun: (from: number, to: number) => Promise<OwnRun | undefined>;
  /** After each segment but the last; what it throws breaks the run off. */
  readonly onSegment: (from: number, to: number, run: OwnRun) => Promise<void>;
  /** Of a run that was done to its end. */
  readonly ended: (from: number, to: number) => OwnLeaves | undefined;
  readonly onEnd: (from: number, to: number, run: OwnLeaves) => void;
  readonly keep: (from: number, to: number, run: OwnRun) => void;
};

/**
 * Checks a claim whose claimant serves nothing: the own run says what it may be, and what differs is asked for on L1,
 * down to the bytes of one value. A difference that is right is gone on from, with the claimed values: behind it may be
 * one that is not. Of a `tolerant` claim every step is looked at first, then the rest of those that differ, the farthest
 * first: who cannot pay for all of it pays for what is most suspicious. Throws `WantedError` with what to ask for next.
 */
export async function checkDark(
  { inputs, claim }: ClaimSubject,
  modules: SegmentCheckModules,
  published: Published,
  runs?: OwnRuns,
): Promise<ClaimFinding> {
  const count = segmentCount(inputs.task);
  const metrics: Doubt["judge"][] = [];
  const doubts: Doubt[] = [];
  let state = inputs.start;
  /** Leaves of the segments before `state`: the claimed ones, where nothing was shown the own ones. */
  let past: readonly Hex[] = [];
  for (;;) {
    const from = past.length;
    const run = (to: number) => ownRun(inputs, modules, { from, to }, state, runs);
    // Where it cannot say what is right, nothing is learnt from how it ends.
    const isKnown = from === count || isSure(inputs.graph);
    const own = isKnown ? (runs?.ended(from, count) ?? (await run(count))) : undefined;
    if (own !== undefined) runs?.onEnd(from, count, own);
    const leaves = [...past, ...(own?.leaves ?? [])];
    const isOwn = own !== undefined && treeRoot(leaves) === claim.trajectoryRoot;
    if (isOwn && own.uncanonical === undefined) {
      const end = "state" in own ? (own as OwnRun) : await run(count);
      runs?.keep(from, count, end);
      state = end.state;
      break;
    }
    const next = () =>
      firstDiffering(
        leaves,
        from,
        (index) => hashOfLeaf(published.leaf(index)),
        (segment) => ({ path: "segment", segment }),
      );
    const differing = own === undefined ? from : isOwn ? count : next();
    const segment = Math.min(differing, own?.uncanonical ?? count);
    const leaf = published.leaf(segment);
    if (leaf === undefined) throw new WantedError({ path: "segment", segment });
    const before = await run(segment);
    runs?.keep(from, segment, before);
    const { state: start } = before;
    const verdict = await checkDarkSegment(inputs, modules, published, { segment, leaf, start });
    if (verdict.kind !== "right") return verdict;
    metrics.push(verdict.judgeMetrics);
    doubts.push(...verdict.doubts);
    past = [...leaves.slice(0, segment), segmentLeafHash(leaf.leaf)];
    state = verdict.state;
  }
  const judges = doubts.sort((a, b) => b.deviation - a.deviation).map(({ judge }) => judge);
  for (const judge of [...judges, ...metrics]) {
    const wrong = await judge();
    if (wrong !== undefined) return wrong;
  }
  return { kind: "right", state };
}

const hashOfLeaf = (shown: SegmentProof | undefined): Hex | undefined => shown && segmentLeafHash(shown.leaf);

/** Segments `from` up to `to`, from the claimed state before them. */
async function ownRun(
  inputs: TaskInputs,
  modules: SegmentCheckModules,
  { from, to }: { readonly from: number; readonly to: number },
  start: readonly Tensor[],
  runs: OwnRuns | undefined,
): Promise<OwnRun> {
  const begun = await runs?.begun(from, to);
  // Grows in place: there may be very many.
  const leaves = [...(begun?.leaves ?? [])];
  let run: OwnRun = { leaves, uncanonical: begun?.uncanonical, state: begun?.state ?? start };
  for (let index = from + run.leaves.length; index < to; index++) {
    const own = await ownSegment(inputs, modules, index, run.state);
    leaves.push(segmentLeafOf({ index, ...own }));
    run = {
      leaves,
      uncanonical: run.uncanonical ?? (own.uncanonical === undefined ? undefined : index),
      state: own.state,
    };
    if (index < to - 1) await runs?.onSegment(from, to, run);
  }
  return run;
}
