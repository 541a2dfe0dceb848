// The challenger as a process: it reads its options, runs until it is told to stop, and reports as NDJSON on stdout.
import { parseArgs } from "node:util";
import { parseEther } from "viem";
import { runChallenger } from "./challenger-wiring.ts";
import { parsePolicy } from "./check/policy.ts";
import { ndjsonSink } from "./events.ts";
import { readCount, readServiceSettings, SERVICE_OPTIONS } from "./settings.ts";
import { untilSignal } from "./signal.ts";

const OPTIONS = {
  ...SERVICE_OPTIONS,
  "demand-budget-eth": { type: "string" },
  /** `all`, or `sample 0.1`: that share of each claim's segments. */
  policy: { type: "string", default: "all" },
  /** Segments looked at beside each other, each with a core of its own. */
  checkers: { type: "string", default: "1" },
} as const;

const { values } = parseArgs({ options: OPTIONS });
const budgetEth = values["demand-budget-eth"];
const settings = readServiceSettings(values, process.env);
const running = runChallenger(
  {
    ...settings,
    dataUrls: [settings.nodeUrl],
    policy: parsePolicy(values.policy),
    checkers: Math.max(1, readCount(values, "checkers")),
    ...(budgetEth === undefined ? {} : { demandBudgetWei: parseEther(budgetEth) }),
  },
  ndjsonSink("challenger", (line) => process.stdout.write(line)),
);
await untilSignal();
await running.stop();
process.exit(0);
