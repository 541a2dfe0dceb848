// A transformer through executor, challenger and the contracts on a real L1: what a training consists of can be lied about in
// the forward pass, the backward pass or the optimizer, and is proven wrong in each.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { hasLeaf } from "../../../verifier/model/leaf.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { checked, liar, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { taskOfGraphs } from "../../support/small-task.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const spec = smallGpt({ tied: true, positionCode: "rotary", activation: "gelu-tanh", dropout: 0.1 });
const graphs = gptGraphs(spec);
const random = uniform(9);
const dataset = datasetOf(
  ["x", "labels"].map(() => randomTensor(random, "uint8", [40, spec.positions], 0, spec.vocabulary)),
);
let salt = 1000;
const job = (tolerant: boolean) =>
  taskOfGraphs(graphs, dataset, { batchRows: spec.batchRows, stepRoots: true, tolerant, salt: salt++ });

let stage: ServiceStage;
beforeAll(async () => {
  stage = await openServiceStage();
  await stage.upload(job(false));
});
afterEach(() => stage.stopAll());
afterAll(() => stage?.close());

/** The output of the `index`-th node of that op, counted from the back where negative. */
function nodeNamed(graph: Graph, op: string, index: number): string {
  const found = graph.nodes.filter((node) => node.op === op && hasLeaf(node)).at(index);
  if (found === undefined) throw new Error(`no ${op} at ${index}`);
  return graph.values[found.output]!.name;
}

const { graph } = graphs.train;
const lies = [
  { title: "forward: attention's scores", node: nodeNamed(graph, "MatMul", 0) },
  { title: "forward: an activation", node: nodeNamed(graph, "Tanh", 0) },
  { title: "backward: the gradient of the embedding", node: nodeNamed(graph, "ScatterElements", 0) },
  { title: "backward: attention's keys", node: nodeNamed(graph, "MatMul", -1) },
  { title: "optimizer: the root of a second moment", node: nodeNamed(graph, "Sqrt", -1) },
  { title: "optimizer: a new parameter", node: "next_tokens" },
];
const long = process.env.ANH_LONG === "1";

describe("an ulp in strict is proven wrong on L1", () => {
  // One of each pass; all of them in the long suite.
  test.each(long ? lies : lies.filter((_, i) => i % 2 === 0))("$title", async ({ node }) => {
    const task = job(false);
    await stage.execute("liar", task, liar(node));
    expect(await seen(stage.watch(), "proved")).toMatchObject({ wrong: "element", step: 5, node });
  });
});

describe.runIf(long)("twice the tolerance is proven wrong on L1, half of it is left alone", () => {
  test.each(lies)("$title", async ({ node }) => {
    const task = job(true);
    await stage.execute("liar", task, liar(node, { unit: "tol", factor: 2 }));
    expect(await seen(stage.watch(), "proved")).toMatchObject({ wrong: "element", step: 5, node });
  });
});

test("an honest training is found right, tolerant with two threads", async () => {
  const task = job(true);
  await stage.execute("executor", task, async (of) => stepsOf(await onnxRuntime({ threads: 2 }).open(of)));
  expect(await checked(stage.watch(), task)).toMatchObject({ finding: "right" });
});
