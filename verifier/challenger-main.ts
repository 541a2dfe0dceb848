// The challenger as a process: it reads its options, runs until it is told to stop, and reports as NDJSON on stdout.
import { parseArgs } from "node:util";
import { parseEther } from "viem";
import { runChallenger } from "./challenger-wiring.ts";
import { ndjsonSink } from "./events.ts";
import { readServiceSettings, SERVICE_OPTIONS } from "./settings.ts";
import { untilSignal } from "./signal.ts";

const { values } = parseArgs({ options: { ...SERVICE_OPTIONS, "demand-budget-eth": { type: "string" } } });
const budgetEth = values["demand-budget-eth"];
const settings = readServiceSettings(values, process.env);
const running = runChallenger(
  {
    ...settings,
    dataUrls: [settings.nodeUrl],
    ...(budgetEth === undefined ? {} : { demandBudgetWei: parseEther(budgetEth) }),
  },
  ndjsonSink("challenger", (line) => process.stdout.write(line)),
);
await untilSignal();
await running.stop();
process.exit(0);
