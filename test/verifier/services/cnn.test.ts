// A convolutional network through executor, challenger and the contracts on a real L1: what a training consists of can be lied about in
// the forward pass, the backward pass or the optimizer, and is proven wrong in each.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { hasLeaf } from "../../../verifier/model/leaf.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { datasetOf } from "../../../verifier/trace/dataset.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { checked, liar, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { taskOfGraphs } from "../../support/small-task.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const spec = smallCnn();
const graphs = cnnGraphs(spec);
const random = uniform(9);
const dataset = datasetOf([
  randomTensor(random, "uint8", [40, 72], 0, 256),
  randomTensor(random, "uint8", [40], 0, 10),
]);
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
  { title: "forward: a convolution", node: nodeNamed(graph, "Conv", 0) },
  { title: "forward: a pool", node: nodeNamed(graph, "MaxPool", 0) },
  { title: "backward: the gradient of an image", node: nodeNamed(graph, "ConvTranspose", 0) },
  { title: "backward: the gradient of the filters", node: nodeNamed(graph, "MatMul", -1) },
  { title: "optimizer: the root of a second moment", node: nodeNamed(graph, "Sqrt", -1) },
  { title: "running statistics: a variance", node: "next_block0_variance" },
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
