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
  const shown = [
    "ok",
    "accuracy",
    "localAccuracy",
    "trainedSteps",
    "sealMsMax",
    "parkedThenResumed",
    "overturnedThenRederived",
    "blocksChangedByOverturn",
    "honestDisputed",
    "honestWordsDiffering",
    "replicaStateRootEqual",
    "withdrawn",
    "doubleWithdrawReverted",
  ];
  const facts = shown.map((name) => [name, String(outcome[name])]);
  const lie = Object.entries(outcome.lie as object).map(([name, value]) => [
    `lie ${name}`,
    typeof value === "object" && value !== null ? Object.values(value).join(" ") : String(value),
  ]);
  return [
    table(["what happened", ""], [...facts, ...lie]),
    table(["job", "profile", "outcome", "soft after", "final after"], jobs),
    table(["L1 action", "times", "least gas", "most gas", "all gas"], gas),
    `Where to look: logs of every process in ${dataDir}/logs, the chain file in ${dataDir}/chain.json,\nthe rules in docs/protocol.md, how elements are judged in docs/numerics.md.`,
  ].join("\n\n");
}
