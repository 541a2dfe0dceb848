import { setTimeout as sleep } from "node:timers/promises";
import { type Abi, type Hex, isAddressEqual, type TransactionReceipt } from "viem";
import { demandsAbi } from "../common/contracts/demands.ts";
import { disputesAbi } from "../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../common/contracts/result-claims.ts";
import type { Want } from "./check/want.ts";
import { withdrawBalances } from "./claims/earnings.ts";
import type { ClaimLog, LoggedClaim } from "./claims/log.ts";
import type { ClaimsReader, L1Head } from "./claims/reader.ts";
import type { RunSpec } from "./claims/runs.ts";
import { specOf } from "./claims/spec.ts";
import { CLAIM_STATUS } from "./claims/status.ts";
import type { Library } from "./data/library.ts";
import { demandFor } from "./dispute/demand-for.ts";
import type { Game } from "./dispute/game.ts";
import { type ChallengerAction, nextActions } from "./dispute/next-actions.ts";
import { buildProof, describeViolation } from "./dispute/prove.ts";
import type { DisputeReader } from "./dispute/reader.ts";
import type { Watch, Watched } from "./dispute/watch.ts";
import { apart, type EventSink, roundFailed } from "./events.ts";
import type { Service } from "./executor.ts";
import type { L1 } from "./l1.ts";
import { encodeGraph } from "./model/encoding.ts";
import { BondTooHighError, RefusedError, type Sender } from "./sender.ts";
import type { ConsumedResult } from "./witness/structure.ts";

export type ChallengerOptions = {
  readonly pollMs: number;
  /** No challenge or demand is made for more. */
  readonly maxBondWei: bigint;
  readonly airgapSeconds: bigint;
  /** What may be spent on asking one claimant that serves nothing; undefined: what overturning its claim earns. */
  readonly demandBudgetWei?: bigint;
};

export type ChallengerModules = {
  readonly l1: L1;
  readonly sender: Sender;
  readonly log: ClaimLog;
  readonly claims: ClaimsReader;
  readonly disputes: DisputeReader;
  readonly watch: Watch;
  readonly libraryFor: (logged: LoggedClaim, spec: RunSpec) => Library;
  readonly events: EventSink;
};

/**
 * Checks every claim and disputes the wrong ones down to one element. What it knows it read from L1 or computed itself:
 * kill it anywhere and start it again.
 */
export function startChallenger(options: ChallengerOptions, modules: ChallengerModules): Service {
  const stopping = new AbortController();
  const memory: Memory = { settled: new Set(), declined: new Set() };
  const loop = async () => {
    while (!stopping.signal.aborted) {
      await round(options, modules, memory).catch((error) => modules.events(roundFailed(error)));
      await sleep(options.pollMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
      await modules.watch.idle();
    },
  };
}

/** What need not be looked at again in this process. */
type Memory = {
  /** Claims that are closed and of which nothing is left to collect. */
  readonly settled: Set<Hex>;
  /** Demands that cost more than they are worth. */
  readonly declined: Set<string>;
};

type Case = { readonly logged: LoggedClaim; readonly spec: RunSpec; readonly watched: Watched };

async function round(options: ChallengerOptions, modules: ChallengerModules, memory: Memory): Promise<void> {
  const { settled } = memory;
  const { log, claims, sender, watch, events } = modules;
  const logs = await log.read();
  const head = await claims.head();
  const attend = async (logged: LoggedClaim): Promise<void> => {
    const spec = specOf(logged, logs);
    if (spec === undefined || isAddressEqual(logged.claim.claimant, sender.address)) return;
    const record = await claims.record(logged.claimHash);
    const isOpen = record.status === CLAIM_STATUS.open;
    if (!isOpen) watch.forget(logged.claimHash);
    const watched: Watched = isOpen ? watch.look(logged, spec) : { finding: { kind: "unknown" } };
    const game = await gameOf(logged, head, record, watched, options, modules);
    const actions = nextActions(game);
    for (const action of actions) await tryTo(action, { logged, spec, watched }, options, modules, memory);
    if (!isOpen && actions.length === 0 && game.nowSeconds > record.closedAt + options.airgapSeconds)
      settled.add(logged.claimHash);
  };
  for (const logged of logs.values()) {
    const { claimHash } = logged;
    if (!settled.has(claimHash)) await apart({ claimHash }, events, () => attend(logged));
  }
  await withdrawBalances(modules);
}

async function gameOf(
  { claimHash, l1Block }: LoggedClaim,
  head: L1Head,
  record: { readonly status: number; readonly closedAt: bigint },
  { finding }: Watched,
  { airgapSeconds }: ChallengerOptions,
  { disputes, sender, watch }: ChallengerModules,
): Promise<Game> {
  const isClosed = record.status !== CLAIM_STATUS.open;
  const [challenges, pending, until, feesOpen, rewardOpen] = await Promise.all([
    disputes.challenges(claimHash, sender.address, l1Block),
    isClosed ? [] : disputes.pending(claimHash, l1Block),
    isClosed ? { challengeable: 0n, askable: 0n } : disputes.until(claimHash, sender.address),
    isClosed ? disputes.feesOpen(claimHash, sender.address, l1Block) : [],
    isClosed && disputes.rewardOpen(claimHash, sender.address, l1Block),
  ]);
  const wasAsked = finding.kind === "unavailable" && (await disputes.wasAsked(claimHash, l1Block));
  const isOpened = finding.kind === "closed" && (await disputes.openedSteps(claimHash, finding.segment, l1Block));
  const isAnswered = finding.kind === "wanted" && pending.length === 0;
  // L1 shows more than when the claim was checked: look again.
  if (isOpened || isAnswered) watch.again(claimHash);
  return {
    nowSeconds: head.timestamp,
    l1Block: head.number,
    status: record.status,
    challengeableUntil: until.challengeable,
    askableUntil: until.askable,
    closedAt: record.closedAt,
    airgapSeconds,
    finding,
    challenges,
    pending,
    wasAsked,
    feesOpen,
    rewardOpen,
  };
}

async function tryTo(
  action: ChallengerAction,
  about: Case,
  options: ChallengerOptions,
  modules: ChallengerModules,
  { declined }: Memory,
): Promise<void> {
  try {
    if (action.kind === "demand") await demand(action.want, about, options, modules, declined);
    else await perform(action, about, options, modules);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    // Somebody was faster, or a clock moved between the look and the move: the next round sees it.
    const { claimHash } = about.logged;
    modules.events({ event: "refused", claimHash, action: action.kind, error: error.message });
  }
}

/** Errors of the contracts behind Disputes come through it. */
const DISPUTES_ABI = [
  ...disputesAbi,
  ...[...(demandsAbi as Abi), ...(resultClaimsAbi as Abi)].filter(({ type }) => type === "error"),
] as Abi;

/**
 * Asks for something on L1, unless it costs more than the claim is worth: the fees of a claim that stands go to its
 * claimant, who could otherwise live on serving nothing.
 */
async function demand(
  want: Want,
  { logged, spec, watched }: Case,
  { maxBondWei, demandBudgetWei }: ChallengerOptions,
  { l1, sender, disputes, events }: ChallengerModules,
  declined: Set<string>,
): Promise<void> {
  const { claimHash, l1Block } = logged;
  const key = JSON.stringify([claimHash, want]);
  if (declined.has(key)) return;
  const { functionName, args } = demandFor(want, spec.task, watched.graph);
  const call = { address: l1.contracts.demands, abi: demandsAbi as Abi, functionName, args: [claimHash, ...args] };
  const budgetWei = demandBudgetWei ?? (await disputes.rewardWei());
  const askedWei = await disputes.askedWei(claimHash, sender.address, l1Block);
  const leftWei = budgetWei > askedWei ? budgetWei - askedWei : 0n;
  const about = { id: spec.task.id, claimHash, ...want };
  try {
    const { gasUsed, blockNumber } = await sender.sendWithBond(call, leftWei < maxBondWei ? leftWei : maxBondWei);
    events({ event: "demanded", ...about, gasUsed, l1Block: blockNumber });
  } catch (error) {
    if (!(error instanceof BondTooHighError)) throw error;
    declined.add(key);
    events({ event: "demand-declined", ...about, priceWei: error.actual, askedWei, budgetWei });
  }
}

async function perform(
  action: Exclude<ChallengerAction, { kind: "demand" }>,
  { logged, spec, watched }: Case,
  { maxBondWei }: ChallengerOptions,
  modules: ChallengerModules,
): Promise<void> {
  const { l1, sender, events } = modules;
  const { claimHash } = logged;
  const disputes = (functionName: string, args: readonly unknown[]) => ({
    address: l1.contracts.disputes,
    abi: DISPUTES_ABI,
    functionName,
    args,
  });
  const demands = (functionName: string, args: readonly unknown[]) => ({
    address: l1.contracts.demands,
    abi: demandsAbi as Abi,
    functionName,
    args,
  });
  const report = (event: string, receipt: TransactionReceipt, more: object = {}) =>
    events({ event, id: spec.task.id, claimHash, ...more, gasUsed: receipt.gasUsed, l1Block: receipt.blockNumber });
  switch (action.kind) {
    case "challenge": {
      const { segment, step } = action;
      const call = disputes("challenge", [claimHash, segment, step]);
      report("challenged", await sender.sendWithBond(call, maxBondWei), { segment, step });
      return;
    }
    case "point":
      report("pointed", await sender.send(disputes("point", [action.challengeId, action.step])), { step: action.step });
      return;
    case "prove": {
      if (watched.evidence === undefined) return;
      const { subject, found } = watched.evidence;
      const proof = await buildProof(subject, found, await consumedResult(logged, spec, modules));
      const call = disputes("prove", [action.challengeId, proof.kind, spec.task, proof.witness]);
      report("proved", await sender.send(call), describeViolation(subject, found));
      return;
    }
    case "timeout":
      report("timed-out", await sender.send(demands("timeout", [action.key])));
      return;
    case "waitFor":
      report("waiting", await sender.send(disputes("waitFor", [action.challengeId, action.key])));
      return;
    case "collectFee":
      report("fee-collected", await sender.send(demands("collect", [action.key])));
      return;
    case "lapse":
      report("lapsed", await sender.send(disputes("lapse", [action.challengeId])));
      return;
    case "refund":
      report("refunded", await sender.send(disputes("refund", [action.challengeId])));
      return;
    case "collect": {
      const call = { address: l1.contracts.resultClaims, abi: resultClaimsAbi as Abi, functionName: "collect" };
      report("collected", await sender.send({ ...call, args: [claimHash] }));
      return;
    }
  }
}

/** The model's end state by roots, for claims about where an inference starts. */
async function consumedResult(
  logged: LoggedClaim,
  spec: RunSpec,
  { libraryFor }: ChallengerModules,
): Promise<ConsumedResult | undefined> {
  if (spec.consumed === undefined) return undefined;
  const library = libraryFor(logged, spec);
  const { task, resultRoot } = spec.consumed;
  const graph = await library.graph(task.graph.root);
  return { task, graph: encodeGraph(graph), roots: await library.roots(resultRoot, graph.stateInputs.length) };
}
