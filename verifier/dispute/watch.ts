import type { Hex } from "viem";
import { PROFILE } from "../../common/job.ts";
import { isSoft, startsFromRoot, TASK_KIND } from "../../common/task.ts";
import { troubleOf } from "../../common/trouble.ts";
import { type ClaimFinding, type ClaimSubject, checkClaim, type OpenedSteps } from "../check/claim.ts";
import { checkDark } from "../check/dark.ts";
import { differingWords, ownEnd } from "../check/divergence.ts";
import { toProve } from "../check/long-sum.ts";
import { checkSegments, withCheckers } from "../check/parallel.ts";
import { chosenBy, type Policy } from "../check/policy.ts";
import type { Published } from "../check/published.ts";
import { driftOf, openResiduals, type Residuals } from "../check/residuals.ts";
import type { SegmentCheckModules } from "../check/segment.ts";
import { WantedError } from "../check/want.ts";
import type { LoggedClaim } from "../claims/log.ts";
import type { RunSpec } from "../claims/runs.ts";
import { type DataClient, DataUnavailableError } from "../data/client.ts";
import type { Library } from "../data/library.ts";
import type { EventSink } from "../events.ts";
import type { Graph } from "../graph/graph.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ConsumedResult } from "../witness/structure.ts";
import type { Terms } from "./demand-for.ts";
import { FlawedError } from "./flawed.ts";
import type { Finding } from "./game.ts";
import { type InputSource, openInputs } from "./inputs.ts";
import { describeViolation, type WrongSegmentStep } from "./prove.ts";
import { byUrgency, type Urgent } from "./urgency.ts";

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

/** Checks claims one after the other and keeps what it found. A restart checks again. */
export type Watch = {
  /** What is known now; asks for a check where nothing is. */
  readonly look: (logged: LoggedClaim, spec: RunSpec, window: Window) => Watched;
  /** Something new is known on L1 about a claim: what was found before, `seen`, is out of date. Once is enough. */
  readonly again: (claimHash: Hex, seen: Watched) => void;
  /** Nothing can be done about it any more: evidence holds a whole dataset. */
  readonly forget: (claimHash: Hex) => void;
  readonly idle: () => Promise<void>;
};

/** In L1 seconds: when a claim can no longer be challenged, and now. */
export type Window = { readonly until: bigint; readonly nowSeconds: bigint };

export type WatchModules = {
  readonly runtime: Runtime;
  readonly clientFor: (logged: LoggedClaim) => DataClient;
  readonly libraryFor: (logged: LoggedClaim, spec: RunSpec) => Library;
  readonly openedSteps: (logged: LoggedClaim) => OpenedSteps;
  readonly published: (logged: LoggedClaim) => Promise<Published>;
  /** Puts a model's claimed state where the libraries find it: its claimant may serve it to nobody, or not for long. */
  readonly keep: (state: readonly Tensor[]) => Promise<unknown>;
  /** The same for a graph: what was paid for once, and constants that others share. */
  readonly keepGraph: (root: Hex, graph: Graph) => Promise<unknown>;
  readonly events: EventSink;
  /** Segments of a claim looked at beside each other. */
  readonly checkers: number;
  readonly policy: Policy;
  /** What a policy draws with. */
  readonly secret: Hex;
};

/** A claimant that serves nothing is asked again after this, and after twice the time each time, up to a limit. */
const RETRY_MS = 3_000;
const MAX_DOUBLINGS = 5;

const UNKNOWN: Watched = { finding: { kind: "unknown" } };

export function openWatch(modules: WatchModules): Watch {
  const known = new Map<Hex, Watched>();
  const outdated = new Map<Hex, number>();
  const waiting = new Map<Hex, Waiting>();
  const failures = new Map<Hex, number>();
  let nowSeconds = 0n;
  let working: Promise<void> | undefined;

  async function check({ logged, spec }: Subject): Promise<void> {
    const { claimHash } = logged;
    try {
      known.set(claimHash, await watchOne(logged, spec, modules));
    } catch (error) {
      const isUnavailable = error instanceof DataUnavailableError;
      const more = { claimHash, id: spec.task.id, finding: "unavailable", error: String(error) };
      modules.events(isUnavailable ? { event: "checked", ...more } : faultOf(claimHash, error));
      known.set(claimHash, { finding: { kind: "unavailable" } });
    }
    if (known.get(claimHash)?.finding.kind !== "unavailable") {
      failures.delete(claimHash);
      return;
    }
    const before = failures.get(claimHash) ?? 0;
    failures.set(claimHash, before + 1);
    outdated.set(claimHash, Date.now() + RETRY_MS * 2 ** Math.min(before, MAX_DOUBLINGS));
  }

  const first = () => byUrgency([...waiting.values()], nowSeconds)[0];

  async function work(): Promise<void> {
    for (let next = first(); next !== undefined; next = first()) {
      await check(next);
      waiting.delete(next.logged.claimHash);
    }
    working = undefined;
  }

  return {
    look: (logged, spec, window) => {
      const { claimHash } = logged;
      nowSeconds = window.nowSeconds;
      const isDue = !known.has(claimHash) || (outdated.get(claimHash) ?? Number.POSITIVE_INFINITY) <= Date.now();
      const asked = waiting.get(claimHash);
      if (asked !== undefined) asked.until = window.until;
      else if (isDue) {
        outdated.delete(claimHash);
        const more = { isSoft: isSoft(spec.task), failures: failures.get(claimHash) ?? 0 };
        waiting.set(claimHash, { logged, spec, isOpen: true, until: window.until, ...more });
        working ??= work();
      }
      return known.get(claimHash) ?? UNKNOWN;
    },
    again: (claimHash, seen) => {
      // Looked at since it was seen.
      if (known.get(claimHash) !== seen) return;
      // What L1 shows by now must not be asked for again while it is looked at.
      if (known.get(claimHash)?.finding.kind === "wanted") known.set(claimHash, UNKNOWN);
      // A closed segment that was opened is told of until it has been looked at: once is enough.
      else if (waiting.has(claimHash)) return;
      outdated.set(claimHash, 0);
    },
    forget: (claimHash) => {
      known.delete(claimHash);
      outdated.delete(claimHash);
      failures.delete(claimHash);
    },
    idle: async () => {
      waiting.clear();
      await working;
    },
  };
}

type Subject = { readonly logged: LoggedClaim; readonly spec: RunSpec };

/** A claim that is to be checked; its window may move while it waits. */
type Waiting = Subject & Omit<Urgent, "until"> & { until: bigint };

const faultOf = (claimHash: Hex, error: unknown) => ({
  event: "check-failed",
  claimHash,
  error: troubleOf(error).message,
});

async function watchOne(logged: LoggedClaim, spec: RunSpec, modules: WatchModules): Promise<Watched> {
  const { claimHash, claim } = logged;
  const source = openInputs(spec, modules.libraryFor(logged, spec), () => modules.published(logged));
  const report = (finding: object) => modules.events({ event: "checked", claimHash, id: claim.id, ...finding });
  try {
    const found = await source.inputs();
    const { inputs } = found;
    await modules.keepGraph(spec.task.graph.root, inputs.graph);
    const subject: ClaimSubject = { claimHash, claim, inputs, data: modules.clientFor(logged) };
    if (found.kind === "wrongStart") {
      report(described(subject, found.finding));
      return await watchedOf(subject, found.finding, source);
    }
    return await withCheckers(modules.runtime, inputs, modules.checkers, async (opened) => {
      const residuals = openResiduals(modules.secret);
      const checkers = opened.map((checker) => ({ ...checker, residuals }));
      const checkModules = checkers[0]!;
      const served = await checkServed(subject, checkers, modules.openedSteps(logged), modules);
      const isDark = served.kind === "unavailable";
      const checked = isDark ? await checkDark(subject, checkModules, await modules.published(logged)) : served;
      const finding =
        checked.kind === "wrong" ? await toProve(inputs, checked, () => modules.published(logged)) : checked;
      if (finding.kind === "right" && startsFromRoot(spec.task) && spec.failure === undefined)
        await modules.keep(finding.state);
      const isDivergent = finding.kind === "right" && isTolerantTraining(spec);
      report({
        ...described(subject, finding),
        ...(isDivergent
          ? { honestWordsDiffering: differingWords(await ownEnd(inputs, checkModules), finding.state) }
          : {}),
        ...(finding.kind === "right" ? driftIn(inputs.graph, residuals) : {}),
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
  { policy, secret, events }: WatchModules,
): Promise<ClaimFinding> {
  const { claimHash, claim } = subject;
  const onSegment = (segment: number) => events({ event: "segment-checked", claimHash, id: claim.id, segment });
  if (checkers.length > 1 || policy.kind === "sample") {
    const chosen = chosenBy(policy, secret, claimHash);
    const finding = await checkSegments(subject, checkers, opened, { chosen, onSegment });
    if (finding.kind !== "unavailable") return finding;
  }
  return checkClaim(subject, checkers[0]!, opened, onSegment);
}

const isTolerantTraining = ({ task }: RunSpec): boolean =>
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
