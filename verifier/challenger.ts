import { type Abi, type Hex, isAddressEqual, parseEventLogs, type TransactionReceipt } from "viem";
import { demandsAbi } from "../common/contracts/demands.ts";
import { disputesAbi } from "../common/contracts/disputes.ts";
import { resultClaimsAbi } from "../common/contracts/result-claims.ts";
import { voidsAbi } from "../common/contracts/voids.ts";
import { isSoft } from "../common/task.ts";
import type { Want } from "./check/want.ts";
import { withdrawBalances } from "./claims/earnings.ts";
import type { ClaimLog, LoggedClaim } from "./claims/log.ts";
import type { ClaimRecord, ClaimsReader, L1Head } from "./claims/reader.ts";
import type { RunSpec } from "./claims/runs.ts";
import { specOf } from "./claims/spec.ts";
import { CLAIM_STATUS } from "./claims/status.ts";
import { type Budget, leastWei, openBudget } from "./dispute/budget.ts";
import { demandFor } from "./dispute/demand-for.ts";
import type { Finding, Game } from "./dispute/game.ts";
import type { Watched } from "./dispute/look-at.ts";
import { type ChallengerAction, nextActions } from "./dispute/next-actions.ts";
import { buildProof, describeViolation } from "./dispute/prove.ts";
import type { DisputeReader } from "./dispute/reader.ts";
import { roomAtPlainFee } from "./dispute/room.ts";
import { byUrgency, sureUntil, type Urgent } from "./dispute/urgency.ts";
import type { Watch } from "./dispute/watch.ts";
import { apart, type EventSink } from "./events.ts";
import type { L1 } from "./l1.ts";
import { BondTooHighError, RefusedError, type Sender } from "./sender.ts";
import { type Service, startRounds } from "./service.ts";
import { buildFlawWitness } from "./witness/flaw.ts";

export type ChallengerOptions = {
  readonly pollMs: number;
  /** No challenge or demand is made for more. */
  readonly maxBondWei: bigint;
  readonly airgapSeconds: bigint;
  readonly answerSeconds: bigint;
  readonly challengerSeconds: bigint;
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
  readonly events: EventSink;
};

/**
 * Checks every claim and disputes the wrong ones down to one element. What it knows it read from L1 or computed itself:
 * kill it anywhere and start it again.
 */
export function startChallenger(options: ChallengerOptions, modules: ChallengerModules): Service {
  const memory: Memory = {
    settled: new Set(),
    quietSince: new Map(),
    declined: new Map(),
    asked: new Map(),
    underway: new Map(),
  };
  const rounds = startRounds(options.pollMs, () => round(options, modules, memory), modules.events);
  return {
    failed: rounds.failed,
    stop: async () => {
      await rounds.stop();
      await Promise.allSettled(memory.underway.values());
      await modules.watch.stop();
    },
  };
}

/** What need not be looked at again in this process. */
type Memory = {
  /** Claims that are closed and of which nothing is left to collect. */
  readonly settled: Set<Hex>;
  /** L1 second at which nothing was left of a closed claim: a fork may take what collected it, and not the claim's end. */
  readonly quietSince: Map<Hex, bigint>;
  /** Demands that cost more than they are worth, at which open fee: a shorter queue makes it fall. */
  readonly declined: Map<string, bigint>;
  /** Keys of demands that L1 has, whoever asked, and of which the answer has not been looked at yet. */
  readonly asked: Map<string, Hex>;
  /** Claims about which something is being sent: no other claim waits for that. */
  readonly underway: Map<Hex, Promise<void>>;
};

type Case = { readonly logged: LoggedClaim; readonly spec: RunSpec; readonly watched: Watched };

/** A claim as L1 has it now. */
type Standing = Urgent & {
  readonly logged: LoggedClaim;
  readonly record: ClaimRecord;
  readonly askableUntil: bigint;
};

/** Claims read or attended at once. */
const AT_ONCE = 32;

async function round(options: ChallengerOptions, modules: ChallengerModules, memory: Memory): Promise<void> {
  const { settled, underway } = memory;
  const { log, claims, sender, events } = modules;
  const logs = await log.read();
  const [head, finalizedAt] = await Promise.all([claims.head(), claims.finalizedAt()]);
  const own = ({ claim }: LoggedClaim) => isAddressEqual(claim.claimant, sender.address);
  const others = [...logs.values()].filter((logged) => !settled.has(logged.claimHash) && !own(logged));
  const standings: Standing[] = [];
  const read = (logged: LoggedClaim) =>
    apart({ claimHash: logged.claimHash }, events, async () => {
      standings.push(await standingOf(logged, modules));
    });
  for (let first = 0; first < others.length; first += AT_ONCE)
    await Promise.all(others.slice(first, first + AT_ONCE).map(read));

  for (const standing of byUrgency(standings, head.timestamp)) {
    const { claimHash } = standing.logged;
    const spec = specOf(standing.logged, logs);
    if (spec === undefined || underway.has(claimHash)) continue;
    const attended = apart({ claimHash }, events, () =>
      attend(standing, spec, { ...head, finalizedAt }, options, modules, memory),
    );
    underway.set(
      claimHash,
      attended.finally(() => underway.delete(claimHash)),
    );
    if (underway.size >= AT_ONCE) await Promise.race(underway.values());
  }
  await withdrawBalances(modules);
}

async function standingOf(logged: LoggedClaim, { claims, disputes, sender }: ChallengerModules): Promise<Standing> {
  const record = await claims.record(logged.claimHash);
  const isOpen = record.status === CLAIM_STATUS.open;
  const until = isOpen ? await disputes.until(logged.claimHash, sender.address) : { challengeable: 0n, askable: 0n };
  return {
    logged,
    record,
    isOpen,
    isSoft: isSoft(logged.task),
    // What is sent waits for nobody's data, and for no computing.
    vainSeconds: 0,
    workSeconds: 0,
    until: until.challengeable,
    askableUntil: until.askable,
  };
}

async function attend(
  standing: Standing,
  spec: RunSpec,
  head: L1Head & { readonly finalizedAt: bigint },
  options: ChallengerOptions,
  modules: ChallengerModules,
  memory: Memory,
): Promise<void> {
  const { logged, record, isOpen, until, askableUntil } = standing;
  const { claimHash } = logged;
  if (!isOpen) modules.watch.forget(claimHash);
  const { timestamp: nowSeconds } = head;
  const { challengerSeconds } = options;
  const sure = sureUntil({ windowEnd: record.windowEnd, challengeableUntil: until, nowSeconds, challengerSeconds });
  const watched: Watched = isOpen
    ? modules.watch.look(logged, spec, { until: sure, usefulUntil: askableUntil, nowSeconds })
    : { finding: { kind: "unknown" } };
  const game = await gameOf(standing, head, watched, options, modules, memory);
  const actions = nextActions(game);
  const about = { logged, spec, watched };
  const budget = budgetFor(logged, options, modules);
  for (const action of actions) await tryTo(action, about, budget, options, modules, memory);
  const isSettled = record.closedAt !== 0n && game.nowSeconds > record.closedAt + options.airgapSeconds;
  const isQuiet = isSettled && actions.length === 0;
  if (!isQuiet) memory.quietSince.delete(claimHash);
  else if (!memory.quietSince.has(claimHash)) memory.quietSince.set(claimHash, (await modules.claims.head()).timestamp);
  // And no fork of L1 undoes that.
  else if (memory.quietSince.get(claimHash)! < head.finalizedAt) memory.settled.add(claimHash);
}

async function gameOf(
  { logged: { claimHash, l1Block }, record, isOpen, until, askableUntil }: Standing,
  head: L1Head,
  watched: Watched,
  { airgapSeconds, answerSeconds }: ChallengerOptions,
  { disputes, sender, watch }: ChallengerModules,
  { asked }: Memory,
): Promise<Game> {
  const { finding } = watched;
  const [challenges, pending, feesOpen, rewardOpen, isVoid] = await Promise.all([
    disputes.challenges(claimHash, sender.address, l1Block),
    isOpen ? disputes.pending(claimHash, l1Block) : [],
    isOpen ? [] : disputes.feesOpen(claimHash, sender.address, l1Block),
    !isOpen && disputes.rewardOpen(claimHash, sender.address, l1Block),
    isOpen && disputes.isVoid(claimHash),
  ]);
  const wasAsked = finding.kind === "unavailable" && (await disputes.wasAsked(claimHash, sender.address, l1Block));
  const isOpened = finding.kind === "closed" && (await disputes.openedSteps(claimHash, finding.segment, l1Block));
  const wants = wantsOf(finding);
  const wanted = wants.map((want) => asked.get(keyOf(claimHash, want)));
  const waiting = pending.filter(({ key }) => wanted.includes(key));
  const isAnswered = finding.kind === "wanted" && waiting.length === 0 && !wanted.includes(undefined);
  // L1 shows more than when the claim was checked: look again.
  if (isOpened || isAnswered) watch.again(claimHash, watched);
  // What is still wanted then is asked for again: a reorganisation of L1 may have taken the question.
  if (isAnswered) for (const want of wants) asked.delete(keyOf(claimHash, want));
  const queue = { nowSeconds: head.timestamp, tailDue: pending.at(-1)?.due, answerSeconds };
  const room = roomAtPlainFee({ ...queue, regenerationSeconds: BigInt(record.regenerationSeconds) });
  return {
    nowSeconds: head.timestamp,
    l1Block: head.number,
    status: record.status,
    challengeableUntil: until,
    askableUntil,
    closedAt: record.closedAt,
    airgapSeconds,
    finding: isAnswered ? { kind: "unknown" } : finding,
    isVoid,
    challenges,
    pending: pending.map((asking) => ({ ...asking, isWanted: waiting.includes(asking) })),
    unasked: wants.filter((_, i) => wanted[i] === undefined).slice(0, waiting.length > 0 ? room : Math.max(room, 1)),
    wasAsked,
    feesOpen,
    rewardOpen,
  };
}

async function tryTo(
  action: ChallengerAction,
  about: Case,
  budget: Budget,
  options: ChallengerOptions,
  modules: ChallengerModules,
  memory: Memory,
): Promise<void> {
  try {
    if (action.kind === "demand") await demand(action.want, about, budget, options, modules, memory);
    else await perform(action, about, options, modules);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (action.kind === "demand" && error.errorName === "AskedAlready")
      memory.asked.set(keyOf(about.logged.claimHash, action.want), error.args[0] as Hex);
    // Somebody was faster, or a clock moved between the look and the move: the next round sees it.
    const { claimHash } = about.logged;
    modules.events({ event: "refused", claimHash, action: action.kind, error: error.message });
  }
}

/** Where no question leads on, silence at least loses the claim. */
const wantsOf = (finding: Finding): readonly Want[] => {
  if (finding.kind === "unavailable") return [{ path: "segment", segment: 0 }];
  return finding.kind === "wanted" ? finding.wants : [];
};

/** Errors of the contracts behind Disputes come through it. */
const DISPUTES_ABI = [
  ...disputesAbi,
  ...[...(demandsAbi as Abi), ...(resultClaimsAbi as Abi)].filter(({ type }) => type === "error"),
] as Abi;

/** Errors of the contract that hears of a flaw come through it. */
const VOIDS_ABI = [...voidsAbi, ...(resultClaimsAbi as Abi).filter(({ type }) => type === "error")] as Abi;

const keyOf = (claimHash: Hex, want: Want): string => JSON.stringify([claimHash, want]);

const budgetFor = (
  { claimHash, l1Block }: LoggedClaim,
  { demandBudgetWei }: ChallengerOptions,
  { l1, disputes, sender }: ChallengerModules,
): Budget =>
  openBudget({
    budgetWei: async () => demandBudgetWei ?? disputes.rewardWei(),
    askedWei: () => disputes.askedWei(claimHash, sender.address, l1Block),
    sentWei: async (hash) => (await l1.client.getTransaction({ hash })).value,
  });

/**
 * Asks for something on L1, unless it and what is wanted beside and behind it cost more than the claim is worth: the fees
 * of a claim that stands go to its claimant, who could otherwise live on serving nothing. Nothing of it is asked for then:
 * each is worth nothing without the others.
 */
async function demand(
  want: Want,
  { logged, spec, watched: { finding, terms } }: Case,
  budget: Budget,
  { maxBondWei }: ChallengerOptions,
  { l1, disputes, sender, events }: ChallengerModules,
  { declined, asked }: Memory,
): Promise<void> {
  const { claimHash } = logged;
  const key = keyOf(claimHash, want);
  const fees = await disputes.fees(claimHash);
  const declinedWei = declined.get(key);
  if (declinedWei !== undefined && fees.openFeeWei >= declinedWei) return;
  const { functionName, args } = demandFor(want, terms ?? { task: spec.task });
  const call = { address: l1.contracts.demands, abi: demandsAbi as Abi, functionName, args: [claimHash, ...args] };
  const { leftWei, askedWei, budgetWei } = await budget.left();
  const about = { id: spec.task.id, claimHash, ...want };
  const [wants, more] = finding.kind === "wanted" ? [finding.wants, finding.more] : [[want], 0];
  const decline = (priceWei: unknown) => {
    for (const one of wants) declined.set(keyOf(claimHash, one), fees.openFeeWei);
    events({ event: "demand-declined", ...about, priceWei, askedWei, budgetWei });
  };
  const unasked = wants.filter((one) => !asked.has(keyOf(claimHash, one)));
  const wholeWei = leastWei(unasked, more, fees);
  if (wholeWei > leftWei) return decline(wholeWei);
  try {
    const receipt = await sender.sendWithBond(call, leftWei < maxBondWei ? leftWei : maxBondWei);
    asked.set(key, askedKeyOf(receipt));
    events({ event: "demanded", ...about, gasUsed: receipt.gasUsed, l1Block: receipt.blockNumber });
    await budget.paid(receipt.transactionHash);
  } catch (error) {
    if (!(error instanceof BondTooHighError)) throw error;
    decline(error.actual);
  }
}

const askedKeyOf = ({ logs }: TransactionReceipt): Hex => {
  const [asked] = parseEventLogs({ abi: demandsAbi as Abi, logs, eventName: "Asked" });
  return (asked as unknown as { readonly args: { readonly key: Hex } }).args.key;
};

async function perform(
  action: Exclude<ChallengerAction, { kind: "demand" }>,
  { logged, spec, watched }: Case,
  { maxBondWei }: ChallengerOptions,
  { l1, sender, events }: ChallengerModules,
): Promise<void> {
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
      const { subject, found, consumed } = watched.evidence;
      const proof = await buildProof(subject, found, consumed);
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
    case "void": {
      if (watched.flawed === undefined) return;
      const { encoded, flaw } = watched.flawed;
      const proof = buildFlawWitness(encoded, flaw);
      const receipt = await sender.send({
        address: l1.contracts.voids,
        abi: VOIDS_ABI,
        functionName: "voidClaimed",
        args: [claimHash, spec.task, proof.flaw, proof.witness],
      });
      report("voided", receipt, { flaw: flaw.kind, reason: flaw.reason });
      return;
    }
    case "sink": {
      const call = { address: l1.contracts.resultClaims, abi: resultClaimsAbi as Abi, functionName: "sink" };
      report("sunk", await sender.send({ ...call, args: [claimHash] }));
      return;
    }
    case "collect": {
      const call = { address: l1.contracts.resultClaims, abi: resultClaimsAbi as Abi, functionName: "collect" };
      report("collected", await sender.send({ ...call, args: [claimHash] }));
      return;
    }
  }
}
