import type { Hex } from "viem";
import { MAX_SEGMENTS, PROFILE } from "../../common/job.ts";
import { segmentCount, startsFromRoot, TASK_KIND } from "../../common/task.ts";
import { BrokenOffError, whileWanted } from "../check/broken-off.ts";
import { type ClaimFinding, type ClaimSubject, checkClaim, type InOrder, type OpenedSteps } from "../check/claim.ts";
import { checkDark, type OwnRuns } from "../check/dark.ts";
import { differingWords, ownEnd } from "../check/divergence.ts";
import { toProve } from "../check/long-sum.ts";
import { checkSegments, withCheckers } from "../check/parallel.ts";
import { aboutChosen, chosenBy, type Policy } from "../check/policy.ts";
import type { Published } from "../check/published.ts";
import { driftOf, type Residuals } from "../check/residuals.ts";
import type { SegmentCheckModules } from "../check/segment.ts";
import { timed } from "../check/timed.ts";
import { WantedError } from "../check/want.ts";
import type { LoggedClaim } from "../claims/log.ts";
import type { RunSpec } from "../claims/runs.ts";
import type { DataClient } from "../data/client.ts";
import type { Library } from "../data/library.ts";
import type { EventSink } from "../events.ts";
import type { Graph } from "../graph/graph.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Tensor, TensorType } from "../tensor/tensor.ts";
import { stateTypes } from "../trace/inputs.ts";
import type { ConsumedResult } from "../witness/structure.ts";
import type { Terms } from "./demand-for.ts";
import { FlawedError } from "./flawed.ts";
import type { Finding } from "./game.ts";
import { type InputSource, openInputs, type RequireRoom } from "./inputs.ts";
import type { Progress, Span } from "./progress.ts";
import { describeViolation, type WrongSegmentStep } from "./prove.ts";
import type { Shelf } from "./shelf.ts";
import type { Waits } from "./waits.ts";

/** What is known of a claim so far; `evidence` is there once a wrong step is. */
export type Watched = {
  readonly finding: Finding;
  readonly evidence?: Evidence;
  /** Where something is wanted on L1. */
  readonly terms?: Terms;
  /** Of a graph that voids the job. */
  readonly flawed?: FlawedError;
};

export type Evidence = {
  readonly subject: ClaimSubject;
  readonly found: WrongSegmentStep;
  /** Where the claim starts from something else. */
  readonly consumed: ConsumedResult | undefined;
};

export type LookModules = {
  readonly runtime: Runtime;
  /**
   * Once `signal` is aborted nobody wants what they would fetch. What was waited in turns that gave way is not waited again: small claims
   * that end sooner must not keep a silent claimant from being found silent.
   */
  readonly clientFor: (logged: LoggedClaim, signal: AbortSignal, waitedSeconds: number) => DataClient;
  readonly libraryFor: (logged: LoggedClaim, spec: RunSpec, signal: AbortSignal, waitedSeconds: number) => Library;
  readonly openedSteps: (logged: LoggedClaim) => OpenedSteps;
  readonly published: (logged: LoggedClaim) => Promise<Published>;
  /** Puts a claimed state where the libraries find it: its claimant may serve it to nobody, or not for long. Gives its roots. */
  readonly keep: (state: readonly Tensor[]) => Promise<readonly Hex[]>;
  /** The same for a graph: what was paid for once, and constants that others share. */
  readonly keepGraph: (root: Hex, graph: Graph) => Promise<unknown>;
  /** Of states where checks give way. */
  readonly shelf: Shelf;
  readonly requireRoom: RequireRoom;
  readonly events: EventSink;
  /** Segments of a claim looked at beside each other. */
  readonly checkers: number;
  readonly policy: Policy;
  /** What a policy draws with. */
  readonly secret: Hex;
};

export type Subject = { readonly logged: LoggedClaim; readonly spec: RunSpec };

/** How long a check may go on. */
export type Turn = {
  /** Aborted where nothing can be done about the claim any more, or another comes first; its reason is a `BrokenOffError`. */
  readonly signal: AbortSignal;
  /** Throws a `BrokenOffError` where it is not worth computing anything more. */
  readonly requireWanted: () => void;
  /** Whether something more urgent waits; looked at between segments. */
  readonly isOutranked: () => boolean;
  readonly waits: Waits;
  readonly progress: Progress;
  /** A state to go on from by its name, as long as nothing more urgent needs its place. */
  readonly keep: (name: string, state: readonly Tensor[]) => void;
  readonly kept: (name: string, types: readonly TensorType[]) => Promise<readonly Tensor[] | undefined>;
};

/** Names of the claimed state with which one after the other goes on, and of an own run's. */
export const [CLAIMED, OWN] = ["claimed", "own"];
/** Segments in all own runs of a claim that are remembered. */
const MAX_LEAVES = MAX_SEGMENTS;

/** Checks a claim, or goes on with it. Throws `BrokenOffError` when its turn is over. */
export async function lookAt({ logged, spec }: Subject, turn: Turn, modules: LookModules): Promise<Watched> {
  const { claimHash, claim } = logged;
  const { progress, waits } = turn;
  const library = waits.serving(modules.libraryFor(logged, spec, turn.signal, progress.waitedSeconds));
  const source = openInputs(spec, library, () => modules.published(logged), modules.requireRoom);
  const report = (finding: object) => modules.events({ event: "checked", claimHash, id: claim.id, ...finding });
  try {
    const found = await source.inputs();
    const { inputs } = found;
    await modules.keepGraph(spec.task.graph.root, inputs.graph);
    const data = waits.serving(modules.clientFor(logged, turn.signal, progress.waitedSeconds));
    const subject: ClaimSubject = { claimHash, claim, inputs, data };
    if (found.kind === "wrongStart") {
      report(described(subject, found.finding));
      return await watchedOf(subject, found.finding, source);
    }
    const spent = { ms: 0 };
    const own = timed(modules.runtime, (ms) => {
      spent.ms += ms;
    });
    const runtime = waits.computing(whileWanted(own, turn.requireWanted));
    return await withCheckers(runtime, inputs, modules.checkers, async (opened) => {
      const checkers = opened.map((checker) => ({ ...checker, residuals: progress.residuals }));
      const checkModules = checkers[0]!;
      const served = await checkServed(subject, checkers, modules.openedSteps(logged), turn, modules, spent);
      const dark = async () => {
        const runs = ownRunsOf(inputs.graph, turn);
        return checkDark(subject, checkModules, await modules.published(logged), runs);
      };
      const checked = served.kind === "unavailable" ? await dark() : served;
      const finding =
        checked.kind === "wrong" ? await toProve(inputs, checked, () => modules.published(logged)) : checked;
      if (finding.kind === "right" && startsFromRoot(spec.task) && spec.failure === undefined)
        await modules.keep(finding.state);
      report({
        ...described(subject, finding),
        ...(finding.kind === "right" ? driftIn(inputs.graph, progress.residuals) : {}),
      });
      return await watchedOf(subject, finding, source);
    });
  } catch (error) {
    if (error instanceof FlawedError) {
      report({ finding: "flawed", flaw: error.flaw.kind, reason: error.flaw.reason });
      return { finding: { kind: "flawed" }, flawed: error };
    }
    if (!(error instanceof WantedError)) throw error;
    const { wants, more } = error;
    report({ finding: "wanted", wants, ...(more === 0 ? {} : { more }) });
    return { finding: { kind: "wanted", wants, more }, terms: source.terms() };
  }
}

/** What a machine's rounding and somebody who uses the tolerance up leave apart; nothing where all was equal. */
function driftIn({ nodes, values }: Graph, residuals: Residuals) {
  const drift = driftOf(residuals);
  return drift && { drift: { ...drift, node: values[nodes[drift.node]!.output]!.name } };
}

/** Side by side where that is wanted; one after the other needs no states of its claimant. */
async function checkServed(
  subject: ClaimSubject,
  checkers: readonly SegmentCheckModules[],
  opened: OpenedSteps,
  turn: Turn,
  { policy, secret, events }: LookModules,
  spent: { readonly ms: number },
): Promise<ClaimFinding> {
  const { claimHash, claim, inputs } = subject;
  const { isOutranked, progress } = turn;
  const { right } = progress;
  const chosen = chosenBy(policy, secret, claimHash);
  const count = segmentCount(inputs.task);
  let done = 0;
  /** Whether to give way. */
  const passed = (segment: number, left: number): boolean => {
    events({ event: "segment-checked", claimHash, id: claim.id, segment });
    done += 1;
    // Side by side they compute at once.
    progress.paceMs = Math.min(progress.paceMs ?? Number.POSITIVE_INFINITY, spent.ms / checkers.length / done);
    progress.left = left;
    return isOutranked();
  };
  if (checkers.length > 1 || policy.kind === "sample") {
    const all = aboutChosen(policy, count);
    const onSegment = (segment: number) => {
      right.add(segment);
      if (passed(segment, Math.max(all - right.size, 0)) && right.size < count) throw new BrokenOffError("gave-way");
    };
    const isLeft = (segment: number) => chosen(segment) && !right.has(segment);
    const finding = await checkSegments(subject, checkers, opened, { chosen: isLeft, onSegment });
    if (finding.kind !== "unavailable") return finding;
  }
  let place: InOrder["from"];
  const onSegment: InOrder["onSegment"] = (segment, state) => {
    const left = count - segment - 1;
    place = { segment: segment + 1, state };
    right.add(segment);
    if (!passed(segment, left) || left === 0) return;
    throw new BrokenOffError("gave-way");
  };
  const from = await placeToGoOn(inputs.graph, turn);
  try {
    return await checkClaim(subject, checkers[0]!, opened, { from, onSegment });
  } catch (error) {
    // Also where it was waiting behind that place.
    if (place !== undefined && error instanceof BrokenOffError && error.reason === "gave-way") {
      turn.keep(CLAIMED, place.state);
      progress.next = place.segment;
    }
    throw error;
  }
}

/** From the start again where the state is gone. */
async function placeToGoOn(graph: Graph, { kept, progress: { next } }: Turn): Promise<InOrder["from"]> {
  const state = next === undefined ? undefined : await kept(CLAIMED, stateTypes(graph));
  return state && { segment: next!, state };
}

function ownRunsOf(graph: Graph, { isOutranked, keep, kept, progress: { own } }: Turn): OwnRuns {
  const isOf = (from: number, to: number) => (run: Span) => run.from === from && run.to === to;
  const runs: OwnRuns = {
    begun: async (from, to) => {
      const begun = own.begun !== undefined && isOf(from, to)(own.begun) ? own.begun : undefined;
      const state = begun && (await kept(OWN, stateTypes(graph)));
      return state && { ...begun, state };
    },
    onSegment: async (from, to, run) => {
      if (!isOutranked()) return;
      runs.keep(from, to, run);
      throw new BrokenOffError("gave-way");
    },
    ended: (from, to) => own.ended.find(isOf(from, to)),
    onEnd: (from, to, { leaves, uncanonical }) => {
      const others = own.ended.filter((run) => !isOf(from, to)(run));
      const held = others.reduce((sum, run) => sum + run.leaves.length, leaves.length);
      own.ended = [...(held > MAX_LEAVES ? [] : others), { from, to, leaves, uncanonical }];
    },
    keep: (from, to, { state, leaves, uncanonical }) => {
      // No segment lies before it: the state is L1's.
      if (leaves.length === 0) return;
      keep(OWN, state);
      own.begun = { from, to, leaves, uncanonical };
    },
  };
  return runs;
}

/** Of a claim found right, words that differ honestly: the numbers of this machine's own run that are others. */
export async function compareEnds(
  { logged, spec }: Subject,
  { signal, requireWanted, waits }: Pick<Turn, "signal" | "requireWanted" | "waits">,
  { libraryFor, published, requireRoom, runtime, events }: LookModules,
): Promise<void> {
  const { claimHash, claim } = logged;
  const library = waits.serving(libraryFor(logged, spec, signal, 0));
  const found = await openInputs(spec, library, () => published(logged), requireRoom).inputs();
  const { inputs } = found;
  const types = stateTypes(inputs.graph);
  const roots = await library.roots(claim.resultRoot, types.length);
  const claimed = await Promise.all(types.map((type, i) => library.tensor(roots[i]!, type)));
  await withCheckers(whileWanted(runtime, requireWanted), inputs, 1, async ([modules]) => {
    const honestWordsDiffering = differingWords(await ownEnd(inputs, modules!), claimed);
    events({ event: "compared", claimHash, id: claim.id, honestWordsDiffering });
  });
}

export const isTolerantTraining = ({ task }: RunSpec): boolean =>
  task.kind === TASK_KIND.train && task.profile === PROFILE.tolerant;

function described(subject: ClaimSubject, finding: ClaimFinding) {
  if (finding.kind === "wrong") return { finding: "wrong", ...describeViolation(subject, finding) };
  if (finding.kind === "unavailable") return { finding: "unavailable", error: finding.error.message };
  return { finding: finding.kind, ...(finding.kind === "closed" ? { segment: finding.segment } : {}) };
}

async function watchedOf(subject: ClaimSubject, finding: ClaimFinding, source: InputSource): Promise<Watched> {
  switch (finding.kind) {
    case "wrong": {
      const consumed = finding.wrong.violation.kind === "start" ? await source.consumed() : undefined;
      return {
        finding: { kind: "wrong", segment: finding.segment, step: finding.wrong.step },
        evidence: { subject, found: finding, consumed },
      };
    }
    case "closed":
      return { finding: { kind: "closed", segment: finding.segment } };
    default:
      return { finding: { kind: finding.kind } };
  }
}
