// The cheat: the honest executor, except that one element of one step of each training it was told to is falsified.
import { readFileSync } from "node:fs";
import { type Lie, lyingSteps } from "../../test/support/lying-steps.ts";
import { ndjsonSink } from "../../verifier/events.ts";
import { executorMain } from "../../verifier/executor-main.ts";
import { readExecutorSettings } from "../../verifier/executor-settings.ts";
import { honestSteps } from "../../verifier/executor-wiring.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";

/** By the ids of trainings. */
const lies: Readonly<Record<string, Lie>> = JSON.parse(readFileSync(process.env.ANH_LIES as string, "utf8"));

await executorMain(
  readExecutorSettings(process.argv.slice(2), process.env),
  ndjsonSink("executor", (line) => process.stdout.write(line)),
  (graph, task) => {
    const lie = lies[task.id];
    return lie === undefined ? honestSteps(1)(graph, task) : lyingSteps(graph, onnxRuntime({ threads: 1 }), lie);
  },
);
process.exit(0);
