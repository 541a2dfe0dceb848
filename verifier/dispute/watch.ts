import type { Hex } from "viem";
import { isSoft } from "../../common/task.ts";
import { troubleOf } from "../../common/trouble.ts";
import { type BreakReason, BrokenOffError } from "../check/broken-off.ts";
import { openResiduals } from "../check/residuals.ts";
import type { LoggedClaim } from "../claims/log.ts";
import type { RunSpec } from "../claims/runs.ts";
import { DataUnavailableError } from "../data/client.ts";
import type { Tensor, TensorType } from "../tensor/tensor.ts";
import { MAX_KEPT } from "../trace/room.ts";
import {
  CLAIMED,
  compareEnds,
  isTolerantTraining,
  type LookModules,
  lookAt,
  type Subject,
  type Watched,
} from "./look-at.ts";
import { type Progress, workSeconds } from "./progress.ts";
import { byUrgency, isBeyondReach, type Urgent } from "./urgency.ts";
import { openWaits, type Waits } from "./waits.ts";

/**
 * Checks claims one after the other, the most urgent first, and keeps what it found. Between segments a check gives way to one that
 * has become more urgent, however often, and where it waits for data at once; it goes on later where it stood, or anew where too
 * many others stand so. It is given up once nothing can be done about its claim. A restart checks again.
 */
export type Watch = {
  /** What is known now; asks for a check where nothing is. */
  readonly look: (logged: LoggedClaim, spec: RunSpec, window: Window) => Watched;
  /** Something new is known on L1 about a claim: what was found before, `seen`, is out of date. Once is enough. */
  readonly again: (claimHash: Hex, seen: Watched) => void;
  /** It is decided, nothing can be done about it any more: a check of it is given up, and evidence holds a whole dataset. */
  readonly forget: (claimHash: Hex) => void;
  /** Breaks off what is under way. */
  readonly stop: () => Promise<void>;
};

/** In L1 seconds. */
export type Window = {
  /** Last one for a challenge. */
  readonly until: bigint;
  /** Last one at which anything found is of use: later for who has a challenge already. */
  readonly usefulUntil: bigint;
  readonly nowSeconds: bigint;
};

/** A claimant that serves nothing is asked again after this, and after twice the time each time, up to a limit. */
const RETRY_MS = 3_000;
const MAX_DOUBLINGS = 5;
/** That a look in vain counts for at least; so long a look waits before that counts. */
const LEAST_VAIN_SECONDS = 60;
/** What is found where the claimant has to show more on L1. */
const ASKING: ReadonlySet<string> = new Set<Watched["finding"]["kind"]>(["wanted", "closed"]);
/** Claims about which L1 is asked whose own runs are remembered: each has one state, and half of the places are for checks that go on. */
const MAX_ASKED = MAX_KEPT / 2;
/** Claims found right of which the own run is still to be compared. */
const MAX_COMPARISONS = 16;

const UNKNOWN: Watched = { finding: { kind: "unknown" } };
/** Its window was over before it was checked. */
const MISSED: Watched = { finding: { kind: "unknown" } };

/** A claim that is to be checked; its window may move while it waits. */
type Waiting = Subject &
  Omit<Urgent, "until" | "workSeconds" | "vainSeconds"> & {
    until: bigint;
    usefulUntil: bigint;
    readonly vainSeconds: number;
    readonly workSeconds: number;
    readonly progress: Progress;
    readonly broken: AbortController;
  };

/** The check under way. */
type Current = { readonly entry: Waiting; readonly outranked: AbortController; readonly waits: Waits };

export function openWatch(modules: LookModules, nowMs: () => number = () => performance.now()): Watch {
  const known = new Map<Hex, Watched>();
  const outdated = new Map<Hex, number>();
  const waiting = new Map<Hex, Waiting>();
  const failures = new Map<Hex, number>();
  /** What outlasts questions on L1. */
  const asked = new Map<Hex, Pick<Progress, "own" | "computedSeconds">>();
  /** Seconds waited in vain. */
  const vain = new Map<Hex, number>();
  let comparisons: readonly Subject[] = [];
  let nowSeconds = 0n;
  let current: Current | undefined;
  let comparing: AbortController | undefined;
  let working: Promise<void> | undefined;
  const stopped = new AbortController();

  const first = () => byUrgency([...waiting.values()], nowSeconds)[0];

  const computedSecondsOf = (claimHash: Hex): number => {
    const { computedSeconds } = waiting.get(claimHash)?.progress ?? asked.get(claimHash)!;
    const isCurrent = current?.entry.logged.claimHash === claimHash;
    return computedSeconds + (isCurrent ? current!.waits.computedSeconds() : 0);
  };

  /**
   * Who cannot be in time any more, whatever was computed; else who has least to lose, of equals who is least urgent: were it the latter
   * alone, a few small claims, each of which ends sooner than the one before, would undo what a long check has computed, again and again.
   */
  const spared = (all: readonly Hex[]): Hex | undefined => {
    const late = all.filter((one) => waiting.has(one) && isBeyondReach(waiting.get(one)!, nowSeconds));
    const checks = late.length > 0 ? late : all;
    const urgent = byUrgency([...waiting.values()], nowSeconds).map(({ logged }) => logged.claimHash);
    const [first, ...others] = checks.toSorted((a, b) => urgent.indexOf(b) - urgent.indexOf(a));
    return others.reduce((least, one) => (computedSecondsOf(one) < computedSecondsOf(least!) ? one : least), first);
  };

  /** Own runs of claims about which L1 is asked. The answer may come when there is no time for another. */
  function putAside({ logged: { claimHash }, progress: { own, computedSeconds } }: Waiting): void {
    asked.set(claimHash, { own, computedSeconds });
    // Another look begins with the first segment again.
    modules.shelf.clear(claimHash, CLAIMED);
    if (asked.size <= MAX_ASKED) return;
    const least = [...asked.keys()].reduce((a, b) => (computedSecondsOf(b) < computedSecondsOf(a) ? b : a));
    drop(least);
  }

  /**
   * What the turn under way has waited counts only once it is longer than those before together: of claimants who let wait one after
   * the other, each gets as much in the end as it takes.
   */
  function vainSecondsOf(claimHash: Hex): number {
    const before = vain.get(claimHash) ?? 0;
    const waited = current?.entry.logged.claimHash === claimHash ? current.waits.seconds() : 0;
    return before + (waited > Math.max(before, LEAST_VAIN_SECONDS) ? waited : 0);
  }

  /**
   * What only waits gives way at once, but then not before it has waited as long as all that was broken off before together, where the
   * other can spare twice that beside its work: else whoever makes small claims would have the same data fetched for ever.
   */
  function giveWayTo(entry: Waiting): void {
    comparing?.abort(new BrokenOffError("gave-way"));
    if (current === undefined || current.entry === entry || !current.waits.isWaiting()) return;
    const before = current.entry.progress.waitedSeconds;
    const spare = Number(entry.until - nowSeconds) - entry.workSeconds;
    if (current.waits.seconds() < before && 2 * before < spare) return;
    if (byUrgency([current.entry, entry], nowSeconds)[0] === entry)
      current.outranked.abort(new BrokenOffError("gave-way"));
  }

  /** What was computed for it is needed no more. */
  function drop(claimHash: Hex): void {
    asked.delete(claimHash);
    modules.shelf.clear(claimHash);
  }

  async function check(entry: Waiting): Promise<void> {
    const { logged, spec } = entry;
    const { claimHash } = logged;
    const outranked = new AbortController();
    const signal = AbortSignal.any([entry.broken.signal, outranked.signal]);
    const waits = openWaits(signal, nowMs);
    current = { entry, outranked, waits };
    const outcome = await outcomeOf(entry, signal, waits);
    current = undefined;
    const isDecided = entry.broken.signal.aborted;
    const addVain = (seconds: number) => vain.set(claimHash, (vain.get(claimHash) ?? 0) + seconds);
    if (outcome === "gave-way" && !isDecided) {
      addVain(waits.seconds());
      entry.progress.waitedSeconds += waits.seconds();
      entry.progress.computedSeconds += waits.computedSeconds();
      return;
    }
    waiting.delete(claimHash);
    entry.progress.computedSeconds += waits.computedSeconds();
    const isAsking = !isDecided && typeof outcome !== "string" && ASKING.has(outcome.finding.kind);
    if (isAsking && entry.progress.own.ended.some(({ leaves }) => leaves.length > 0)) putAside(entry);
    else drop(claimHash);
    if (isDecided) return;
    const watched = typeof outcome === "string" ? MISSED : outcome;
    known.set(claimHash, watched);
    if (watched.finding.kind === "right" && isTolerantTraining(spec))
      comparisons = [...comparisons, { logged, spec }].slice(-MAX_COMPARISONS);
    if (watched.finding.kind !== "unavailable") {
      failures.delete(claimHash);
      vain.delete(claimHash);
      return;
    }
    addVain(Math.max(waits.seconds(), LEAST_VAIN_SECONDS));
    const before = failures.get(claimHash) ?? 0;
    failures.set(claimHash, before + 1);
    outdated.set(claimHash, Date.now() + RETRY_MS * 2 ** Math.min(before, MAX_DOUBLINGS));
  }

  async function outcomeOf(entry: Waiting, signal: AbortSignal, waits: Waits): Promise<Watched | BreakReason> {
    const { logged, spec, progress } = entry;
    const { claimHash } = logged;
    const about = { claimHash, id: spec.task.id };
    const requireWanted = () => {
      signal.throwIfAborted();
      if (nowSeconds > entry.usefulUntil) throw new BrokenOffError("window-over");
    };
    try {
      const isOutranked = () => first() !== entry;
      const turn = {
        signal,
        requireWanted,
        isOutranked,
        waits,
        progress,
        keep: (name: string, state: readonly Tensor[]) => modules.shelf.put({ claimHash, name }, state, spared),
        kept: async (name: string, types: readonly TensorType[]) => {
          const state = await modules.shelf.get({ claimHash, name }, types);
          if (state === undefined) progress.computedSeconds = 0;
          return state;
        },
      };
      return await lookAt(entry, turn, modules);
    } catch (error) {
      if (error instanceof BrokenOffError) {
        const { reason } = error;
        modules.events({ event: "check-broken-off", ...about, reason, segmentsChecked: progress.right.size });
        return reason;
      }
      const isUnavailable = error instanceof DataUnavailableError;
      const more = { ...about, finding: "unavailable", error: String(error) };
      modules.events(isUnavailable ? { event: "checked", ...more } : faultOf(claimHash, error));
      return { finding: { kind: "unavailable" } };
    }
  }

  /** Nobody waits for it: it begins again after whatever comes in between. */
  async function compare(subject: Subject): Promise<void> {
    comparing = new AbortController();
    const signal = AbortSignal.any([stopped.signal, comparing.signal]);
    const requireWanted = () => signal.throwIfAborted();
    try {
      await compareEnds(subject, { signal, requireWanted, waits: openWaits(signal, nowMs) }, modules);
    } catch (error) {
      if (error instanceof BrokenOffError) comparisons = [subject, ...comparisons];
      else if (!(error instanceof DataUnavailableError)) modules.events(faultOf(subject.logged.claimHash, error));
    } finally {
      comparing = undefined;
    }
  }

  async function work(): Promise<void> {
    while (!stopped.signal.aborted) {
      const next = first();
      const [comparison, ...others] = comparisons;
      if (next !== undefined) await check(next);
      else if (comparison !== undefined) {
        comparisons = others;
        await compare(comparison);
      } else break;
    }
    working = undefined;
  }

  return {
    look: (logged, spec, window) => {
      const { claimHash } = logged;
      const { until, usefulUntil } = window;
      nowSeconds = window.nowSeconds;
      const found = known.get(claimHash);
      const isMissed = found === MISSED && nowSeconds > usefulUntil;
      const isOutdated = found === MISSED || (outdated.get(claimHash) ?? Number.POSITIVE_INFINITY) <= Date.now();
      const entry = waiting.get(claimHash);
      if (entry !== undefined) Object.assign(entry, { until, usefulUntil });
      else if (found === undefined || (isOutdated && !isMissed)) {
        outdated.delete(claimHash);
        waiting.set(claimHash, {
          logged,
          spec,
          isOpen: true,
          isSoft: isSoft(spec.task),
          until,
          usefulUntil,
          progress: {
            right: new Set(),
            ...{ own: { ended: [] }, computedSeconds: 0, ...asked.get(claimHash) },
            ...{ waitedSeconds: 0, residuals: openResiduals(modules.secret) },
          },
          broken: new AbortController(),
          get workSeconds() {
            return workSeconds(this.progress);
          },
          get vainSeconds() {
            return vainSecondsOf(claimHash);
          },
        });
        working ??= work();
      }
      const candidate = waiting.get(claimHash);
      // L1 is asked about it no more, and may call it open for ever.
      if (candidate === undefined && nowSeconds > usefulUntil) drop(claimHash);
      if (candidate !== undefined) giveWayTo(candidate);
      return found ?? UNKNOWN;
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
      vain.delete(claimHash);
      const entry = waiting.get(claimHash);
      entry?.broken.abort(new BrokenOffError("decided"));
      // That of the current one is taken away when its check has ended.
      if (entry !== undefined && entry === current?.entry) return;
      waiting.delete(claimHash);
      drop(claimHash);
    },
    stop: async () => {
      const reason = new BrokenOffError("stopped");
      stopped.abort(reason);
      current?.entry.broken.abort(reason);
      await working;
    },
  };
}

const faultOf = (claimHash: Hex, error: unknown) => ({
  event: "check-failed",
  claimHash,
  error: troubleOf(error).message,
});
