import type { ActionGas } from "./gas-report.ts";
import type { Outcome } from "./summary.ts";
import { table } from "./table.ts";

interface JobRow {
  readonly name: string;
  readonly profile: string;
  readonly outcome: string;
  readonly secondsToSoft: number | null;
  readonly secondsToFinal: number | null;
}

interface LieOutcome {
  readonly profile: string;
  readonly step: number;
  readonly node: string;
  readonly element: number;
  readonly amount: object;
  readonly disputed: boolean;
  readonly caught: boolean;
  readonly slashed: boolean;
  readonly proofGas: number;
  readonly disputeGas: number;
}

/** Names of `--json`, and what they say. */
const FACTS = [
  ["accuracy", "accuracy of A on 10,000 test images, evaluated on L2"],
  ["localAccuracy", "the same weights, counted in plain loops"],
  ["trainedSteps", "training steps"],
  ["sealMsMax", "longest time to seal a block, ms"],
  ["parkedThenResumed", "every question parked, and resumed with its answer"],
  ["overturnedThenRederived", "state that used the lie was derived anew"],
  ["blocksChangedByOverturn", "blocks that changed with it"],
  ["honestWordsDiffering", "numbers of C that honestly differ from the challenger's"],
  ["honestDisputed", "anybody honest disputed"],
  ["replicaStateRootEqual", "a replica fed from L1 alone has the same state"],
  ["stateClaimOverOpenResultsReverted", "a state claim over open results reverted"],
  ["withdrawn", "ETH withdrawn to L1"],
  ["doubleWithdrawReverted", "a second withdrawal of it reverted"],
] as const;

const shown = (value: unknown): string =>
  value === null
    ? "not compared: this machine had no time to"
    : typeof value === "boolean"
      ? value
        ? "yes"
        : "no"
      : typeof value === "number"
        ? value.toLocaleString("en")
        : `${value}`;

/** The end of the story for people: what happened, what it cost on L1, and where to look. */
export function closingTable(outcome: Outcome, dataDir: string): string {
  const jobs = (outcome.jobs as readonly JobRow[]).map((job) => [
    job.name,
    job.profile,
    job.outcome,
    job.secondsToSoft === null ? "" : `${job.secondsToSoft} s`,
    job.secondsToFinal === null ? "" : `${job.secondsToFinal} s`,
  ]);
  const gas = Object.entries(outcome.l1Gas as Readonly<Record<string, ActionGas>>).map(([action, figures]) => [
    action,
    String(figures.count),
    figures.minGas.toLocaleString("en"),
    figures.maxGas.toLocaleString("en"),
    figures.totalGas.toLocaleString("en"),
  ]);
  const facts = FACTS.map(([name, words]) => [words, shown(outcome[name])]);
  const lie = outcome.lie as LieOutcome;
  const amount = typeof lie.amount === "object" ? Object.values(lie.amount).join(" ") : "";
  const told: string[][] = [
    ["the lie: step, node, element, amount", `${lie.step}, ${lie.node}, ${lie.element}, ${amount}`],
    ["  in a training of profile", lie.profile],
    ["  disputed, proven wrong on L1, bond slashed", [lie.disputed, lie.caught, lie.slashed].map(shown).join(", ")],
    ["  L1 gas of the proof, of the whole dispute", `${shown(lie.proofGas)}, ${shown(lie.disputeGas)}`],
  ];
  return [
    table(["what happened", ""], [...facts, ...told]),
    table(["job", "profile", "outcome", "soft after", "final after"], jobs),
    table(["L1 action", "times", "least gas", "most gas", "all gas"], gas),
    outcome.ok ? "Everything held." : `NOT as it should be: ${outcome.unmet.join("; ")}.`,
    `Where to look: logs of every process in ${dataDir}/logs, the chain file in ${dataDir}/chain.json\n(the folder takes some 270 MB; delete it when you have seen enough),\nthe rules in docs/protocol.md, how elements are judged in docs/numerics.md.`,
  ].join("\n\n");
}
