// An executor that lies in one element of one step of the trainings it takes, as a process: the options of the honest one,
// `--lie step:node:element:amount` and `--random-seed n`.
import { parseArgs } from "node:util";
import { PROFILE } from "../../common/job.ts";
import { TASK_KIND, type Task } from "../../common/task.ts";
import { executorMain } from "../../verifier/executor-main.ts";
import { honestSteps } from "../../verifier/executor-wiring.ts";
import type { Graph } from "../../verifier/graph/graph.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import { type LieSpec, parseLie, resolveLie } from "./lies.ts";
import { lyingSteps } from "./lying-steps.ts";

const { values, tokens } = parseArgs({
  options: { lie: { type: "string" }, "random-seed": { type: "string", default: "1" } },
  strict: false,
  tokens: true,
});
const spec = parseLie(String(values.lie));
const own = new Set(["lie", "random-seed"]);
const rest = process.argv.slice(2).filter((_, i) => !tokens.some((token) => isOwn(token, i)));

/** Whether argument i is one of our two options, or its value. */
function isOwn(token: (typeof tokens)[number], i: number): boolean {
  if (token.kind !== "option" || !own.has(token.name)) return false;
  return i === token.index || (i === token.index + 1 && token.inlineValue === false);
}

function openSteps(graph: Graph, task: Task) {
  if (task.kind !== TASK_KIND.train) return honestSteps(1)(graph, task);
  const profile = task.profile === PROFILE.strict ? "strict" : "tolerant";
  const lie = resolveLie(spec satisfies LieSpec, {
    graph,
    profile,
    steps: task.steps,
    randomSeed: Number(values["random-seed"]),
  });
  return lyingSteps(graph, onnxRuntime({ threads: 1 }), lie);
}

await executorMain(rest, openSteps);
