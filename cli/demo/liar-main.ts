// The demo's cheat: the honest executor, except that one element of one step of one training is falsified.
import { readFileSync } from "node:fs";
import { TASK_KIND } from "../../common/task.ts";
import { type Lie, lyingSteps } from "../../test/support/lying-steps.ts";
import { executorMain } from "../../verifier/executor-main.ts";
import { honestSteps } from "../../verifier/executor-wiring.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";

const lie: Lie = JSON.parse(readFileSync(process.env.ANH_DEMO_LIE as string, "utf8"));

await executorMain(process.argv.slice(2), (graph, task) =>
  task.kind === TASK_KIND.train ? lyingSteps(graph, onnxRuntime({ threads: 1 }), lie) : honestSteps(1)(graph, task),
);
