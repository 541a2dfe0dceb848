// The executor as a process: it reads its options, runs until it is told to stop, and reports as NDJSON on stdout.
import { parseArgs } from "node:util";
import type { Hex } from "viem";
import { openDemandSource } from "./claims/demand-source.ts";
import { takesBy } from "./claims/takes.ts";
import { ndjsonSink } from "./events.ts";
import { type ExecutorParts, honestSteps, runExecutor } from "./executor-wiring.ts";
import { readCount, readList, readServiceSettings, readValidators, SERVICE_OPTIONS } from "./settings.ts";
import { untilSignal } from "./signal.ts";

const OPTIONS = {
  ...SERVICE_OPTIONS,
  /** Threads of tolerant tasks; strict ones have one. */
  threads: { type: "string", default: "1" },
  kind: { type: "string", multiple: true },
  salt: { type: "string", multiple: true },
  "after-overturn": { type: "string", multiple: true },
  /** Folder with weights for commissions, `<model id>.safetensors`; those without a file are trained as their job says. */
  "weights-folder": { type: "string" },
  /** Delivers weights for commissions whose held-out rows nobody serves yet. */
  blind: { type: "boolean", default: false },
  /** `<address>:<code hash>` of validators that may judge what is delivered. */
  validator: { type: "string", multiple: true },
} as const;

const DEMANDS_TIMEOUT_MS = 10_000;

/** `openSteps` is where an executor that computes differently comes in. */
export async function executorMain(args: readonly string[], openSteps?: ExecutorParts["openSteps"]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const settings = readServiceSettings(values, process.env);
  const running = await runExecutor(
    {
      ...settings,
      dataUrls: [settings.nodeUrl],
      commissions: {
        weightsFolder: values["weights-folder"],
        blind: values.blind,
        validators: readValidators(values, "validator"),
      },
      takes: takesBy({
        kinds: readList(values, "kind", ["train", "infer", "evaluate", "commission"]),
        salts: readList<Hex>(values, "salt"),
        afterOverturn: readList<Hex>(values, "after-overturn"),
      }),
    },
    {
      demands: openDemandSource(settings.nodeUrl, DEMANDS_TIMEOUT_MS),
      openSteps: openSteps ?? honestSteps(readCount(values, "threads")),
      events: ndjsonSink("executor", (line) => process.stdout.write(line)),
    },
  );
  await untilSignal();
  await running.stop();
  process.exit(0);
}

if (import.meta.main) await executorMain(process.argv.slice(2));
