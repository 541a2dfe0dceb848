import { type Abi, type Hex, numberToHex } from "viem";
import { bridgeAbi } from "../../common/contracts/bridge.ts";
import { demandsAbi } from "../../common/contracts/demands.ts";
import { disputesAbi } from "../../common/contracts/disputes.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { prepaidGasAbi } from "../../common/contracts/prepaid-gas.ts";
import { resultClaimsAbi } from "../../common/contracts/result-claims.ts";
import { stateClaimsAbi } from "../../common/contracts/state-claims.ts";
import type { Digits } from "../../examples/data/mnist.ts";
import type { LieAmount } from "../../verifier/ops/judge.ts";
import { until, WaitedTooLongError } from "../stack/until.ts";
import type { Cast } from "./cast.ts";
import type { Questions } from "./chapters/dapp.ts";
import type { Overturn } from "./chapters/overturn.ts";
import type { Withdrawal } from "./chapters/settlement.ts";
import type { Watcher } from "./chapters/watch.ts";
import { gasPerAction, type L1Call, l1Calls, type NamedContract } from "./gas-report.ts";
import { openL2 } from "./l2.ts";
import { countRight, fetchWeights } from "./local-count.ts";
import type { PlannedTraining } from "./plans.ts";

/** What the chapters leave behind. */
export interface Evidence {
  readonly trainings: readonly [PlannedTraining, PlannedTraining, PlannedTraining] | readonly PlannedTraining[];
  readonly ids: Readonly<Record<"classifyA" | "classifyB" | "classifyC" | "evaluateA", Hex>>;
  readonly questions: Questions;
  readonly lie: { readonly step: number; readonly name: string; readonly element: number; readonly amount: LieAmount };
  readonly lieIsProvable: boolean;
  readonly overturn: Overturn | undefined;
  readonly answersA: { readonly label: number; readonly correct: number; readonly total: number };
  readonly label: number;
  readonly testDigits: Digits;
  readonly replicaUrl: string;
  readonly withdrawal: Withdrawal;
  readonly redeemedWei: bigint;
  readonly stateClaimRefused: boolean;
  readonly watcher: Watcher;
  readonly dataUrls: readonly string[];
}

/** The last line of `anh demo --json`. */
export interface Outcome {
  readonly ok: boolean;
  /** What should have happened and did not. */
  readonly unmet: readonly string[];
  readonly [figure: string]: unknown;
}

/** It does so when nothing is left to be checked. */
const COMPARED_MS = 60_000;

const contractsOf = ({ stack }: Cast): NamedContract[] => {
  const at = stack.chain.contracts;
  return [
    { name: "PrepaidGas", address: at.prepaidGas, abi: prepaidGasAbi as Abi },
    { name: "Bridge", address: at.bridge, abi: bridgeAbi as Abi },
    { name: "HeaderAnchor", address: at.headerAnchor, abi: headerAnchorAbi as Abi },
    { name: "ResultClaims", address: at.resultClaims, abi: resultClaimsAbi as Abi },
    { name: "Demands", address: at.demands, abi: demandsAbi as Abi },
    { name: "Disputes", address: at.disputes, abi: disputesAbi as Abi },
    { name: "StateClaims", address: at.stateClaims, abi: stateClaimsAbi as Abi },
  ];
};

export async function summarize(cast: Cast, evidence: Evidence): Promise<Outcome> {
  const { services, stack, l2 } = cast;
  const { trainings, lie, overturn, answersA, watcher, withdrawal } = evidence;
  const [a, b, c] = trainings as readonly [PlannedTraining, PlannedTraining, PlannedTraining];
  const calls = await l1Calls(stack.l1, contractsOf(cast), stack.chain.deployedAtL1Block);
  const liarClaims = claimsBy(cast, "liar");
  const challenged = new Set(services.filter(({ event }) => event === "challenged").map(({ claimHash }) => claimHash));
  const proved = services.find(({ event }) => event === "proved");
  const jobA = await l2.job(a.modelId);
  const localCount = countRight(await fetchWeights(evidence.dataUrls, jobA?.resultRoot as Hex, a), evidence.testDigits);
  const accuracy = answersA.correct / answersA.total;
  const honestWordsDiffering = await wordsDiffering(services, c.modelId);
  const disputeCalls = calls.filter((call) => isDispute(call));
  const lieOutcome = {
    profile: b.plan.profile,
    step: lie.step,
    node: lie.name,
    element: lie.element,
    amount: lie.amount,
    proved: proved === undefined ? null : { step: proved.step, node: proved.node, element: proved.element },
    caught: overturn !== undefined,
    slashed: calls.some((call) => call.action === "ResultClaims.collect" && !call.reverted),
    disputed: liarClaims.some((claim) => challenged.has(claim)),
    proofGas: Number(calls.find((call) => call.action === "Disputes.prove" && !call.reverted)?.gasUsed ?? 0n),
    disputeGas: Number(disputeCalls.reduce((sum, call) => sum + call.gasUsed, 0n)),
    disputeTransactions: disputeCalls.length,
  };
  const outcome = {
    accuracy,
    localAccuracy: localCount / answersA.total,
    trainedSteps: trainings.reduce((sum, { plan }) => sum + plan.steps, 0),
    sealMsMax: Math.max(...services.filter(({ event }) => event === "sealed").map(({ sealMs }) => Number(sealMs))),
    parkedThenResumed: Object.values(evidence.questions).every((hash) => watcher.parked.has(hash)),
    overturnedThenRederived: overturn?.rederived ?? false,
    blocksChangedByOverturn: overturn?.blocksChanged ?? 0,
    classified: { label: evidence.label, predicted: answersA.label },
    lie: lieOutcome,
    honestDisputed: [...challenged].some((claim) => !liarClaims.includes(claim as Hex)),
    honestWordsDiffering,
    replicaStateRootEqual: await replicaAgrees(cast, evidence.replicaUrl),
    stateClaimOverOpenResultsReverted: evidence.stateClaimRefused,
    creditRedeemedWei: evidence.redeemedWei,
    withdrawn: withdrawal.withdrawn,
    doubleWithdrawReverted: withdrawal.doubleReverted,
    jobs: await jobOutcomes(cast, evidence),
    l1Gas: gasPerAction(calls),
  };
  const missing = unmet(outcome, evidence);
  return { ok: missing.length === 0, unmet: missing, ...outcome };
}

/**
 * Numbers of an honest claim that are others than the challenger's, who runs it itself once it has found it right and nothing else is to
 * be done; null where it came to neither: on a busy machine the claim may be final before.
 */
async function wordsDiffering(services: Cast["services"], id: Hex): Promise<number | null> {
  const right = services.find((event) => event.event === "checked" && event.id === id && event.finding === "right");
  if (right === undefined) return null;
  try {
    const compared = await until("the challenger compared C with a run of its own", COMPARED_MS, async () =>
      services.find((event) => event.event === "compared" && event.id === id),
    );
    return Number(compared.honestWordsDiffering);
  } catch (error) {
    if (error instanceof WaitedTooLongError) return null;
    throw error;
  }
}

const claimsBy = ({ services }: Cast, service: string): Hex[] =>
  services
    .filter((event) => event.service === service && event.event === "claimed")
    .map(({ claimHash }) => claimHash as Hex);

const DISPUTE_ACTIONS = new Set([
  "Disputes.challenge",
  "Disputes.point",
  "Disputes.prove",
  "Demands.openSegment",
  "Demands.openStep",
]);
const isDispute = ({ action, reverted }: L1Call): boolean => DISPUTE_ACTIONS.has(action) && !reverted;

/** A node fed from L1 alone reaches the same state root at the newest anchored block. */
async function replicaAgrees({ l2, teller }: Cast, replicaUrl: string): Promise<boolean> {
  const replica = openL2(replicaUrl);
  const safe = await l2.client.getBlock({ blockTag: "safe" });
  const number = numberToHex(safe.number as bigint);
  const own = await l2.roots(number);
  const other = await until("the replica derived the anchored blocks", 60_000, () =>
    replica.roots(number).catch(() => null),
  );
  const equal = own.stateRoot === other.stateRoot && own.headerHash === other.headerHash;
  teller.tell(
    "replica",
    { number, stateRoot: other.stateRoot, equal },
    `the replica, fed from L1 alone, ${equal ? "agrees" : "DISAGREES"} at block ${BigInt(number)}`,
  );
  return equal;
}

async function jobOutcomes({ l2 }: Cast, { trainings, ids, watcher }: Evidence) {
  const profileOf = (name: "A" | "B" | "C") => trainings.find(({ plan }) => plan.name === name)?.plan.profile;
  const rows = [
    ...trainings.map(({ plan, modelId }) => ({ id: modelId, name: plan.name, profile: plan.profile })),
    { id: ids.classifyA, name: "classify A", profile: profileOf("A") },
    { id: ids.classifyB, name: "classify B", profile: profileOf("B") },
    { id: ids.classifyC, name: "classify C", profile: profileOf("C") },
    { id: ids.evaluateA, name: "evaluate A", profile: profileOf("A") },
  ];
  return Promise.all(
    rows.map(async ({ id, name, profile }) => {
      const view = await l2.job(id);
      const timeline = watcher.timelines.get(id);
      return {
        id,
        name,
        profile,
        outcome: view?.overturned ? `overturned, then ${view.status}` : view?.status,
        secondsToSoft: timeline?.softAt ?? null,
        secondsToFinal: timeline?.finalAt ?? null,
      };
    }),
  );
}

/** What must be true for the demo to count as told, by name; those that are not. */
function unmet(outcome: Readonly<Record<string, unknown>>, { lieIsProvable }: Evidence): string[] {
  const lie = outcome.lie as { caught: boolean; slashed: boolean; disputed: boolean };
  const conditions = {
    ...(lieIsProvable
      ? {
          "the lie was caught": lie.caught,
          "the liar was slashed": lie.slashed,
          "state was derived anew": outcome.overturnedThenRederived === true,
        }
      : { "a lie within the tolerance was not disputed": !lie.disputed }),
    "accuracy is at least 0.95": (outcome.accuracy as number) >= 0.95,
    "a plain count on the claimed weights gives the same accuracy": outcome.accuracy === outcome.localAccuracy,
    "every question parked, then resumed": outcome.parkedThenResumed === true,
    "no block changed": outcome.blocksChangedByOverturn === 0,
    "nobody honest was disputed": outcome.honestDisputed === false,
    // Of a claim that became final before a busy machine came to check it, nobody knows.
    "an honest run differed in bits":
      outcome.honestWordsDiffering === null || (outcome.honestWordsDiffering as number) > 0,
    "the replica has the same state": outcome.replicaStateRootEqual === true,
    "ETH was withdrawn": outcome.withdrawn === true,
    "a second withdrawal reverted": outcome.doubleWithdrawReverted === true,
  };
  return Object.entries(conditions)
    .filter(([, met]) => !met)
    .map(([name]) => name);
}
