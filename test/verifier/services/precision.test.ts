// Digits learnt in fewer bits (docs/numerics.md N9) through executor, challenger and the contracts on a real L1: a rounding is a few
// nodes like any others, so what it gives is disputed like them.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { digitsDataset, loadMnist } from "../../../examples/data/mnist.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { inPrecision } from "../../../verifier/model/precision.ts";
import type { Narrow } from "../../../verifier/ops/narrow.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import type { Dataset } from "../../../verifier/trace/dataset.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { legalSteps } from "../../support/legal-steps.ts";
import { checked, liar, openServiceStage, type ServiceStage, seen } from "../../support/service-stage.ts";
import { type SmallTask, taskOfGraphs } from "../../support/small-task.ts";

const ROWS = 60;
const BATCH_ROWS = 8;

const graphsIn = (format: Narrow) =>
  inPrecision(
    mlpGraphs({
      sizes: [784, 12, 10],
      seed: 1,
      batchRows: BATCH_ROWS,
      evaluateBatchRows: 10,
      optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9, lossScale: format === "fp16" ? 1024 : 1 },
    }),
    format,
  );

let stage: ServiceStage;
let dataset: Dataset;
let salt = 2000;
const job = (format: Narrow, tolerant: boolean): SmallTask =>
  taskOfGraphs(graphsIn(format), dataset, { batchRows: BATCH_ROWS, stepRoots: true, tolerant, salt: salt++ });

beforeAll(async () => {
  const { images, labels } = (await loadMnist()).train;
  dataset = digitsDataset({ images: images.slice(0, ROWS * 784), labels: labels.slice(0, ROWS), rows: ROWS });
  stage = await openServiceStage();
  for (const format of ["tf32", "bf16", "fp16"] as const) await stage.upload(job(format, false));
});
afterEach(() => stage.stopAll());
afterAll(() => stage?.close());

/** Name of the rounded weight, or of the node before it in its rounding. */
function rounding(format: Narrow, nodesBefore: number): string {
  const { graph } = graphsIn(format).train;
  const at = graph.nodes.findIndex(({ output }) => valueAt(graph, output).name === `weight1.${format}`);
  return valueAt(graph, graph.nodes[at - nodesBefore]!.output).name;
}

// One of each kind; all of them in the long suite.
const long = process.env.ANH_LONG === "1";

describe("strict: an ulp is proven wrong on L1", () => {
  test.each([
    ["in a rounded weight of bf16", "bf16", 0],
    ["in what tf32 takes a weight's rest from", "tf32", 1],
    ...(long ? ([["in which way fp16 rounds a weight", "fp16", 4]] as const) : []),
  ] as const)("%s", async (_, format, nodesBefore) => {
    const task = job(format, false);
    const node = rounding(format, nodesBefore);
    await stage.execute("liar", task, liar(node, { unit: "ulp", count: 1 }));
    expect(await seen(stage.watch(), "proved")).toMatchObject({ wrong: "element", step: 5, node });
  });
});

describe("an honest training is found right", () => {
  test.each(long ? (["tf32", "bf16", "fp16"] as const) : (["fp16"] as const))("strict, %s", async (format) => {
    const task = job(format, false);
    await stage.execute("executor", task, async (of) => stepsOf(await onnxRuntime({ threads: 1 }).open(of)));
    expect(await checked(stage.watch(), task)).toMatchObject({ finding: "right" });
  });
  test.each(long ? (["tf32", "bf16"] as const) : (["bf16"] as const))(
    "tolerant with two threads, %s",
    async (format) => {
      const task = job(format, true);
      await stage.execute("executor", task, async (of) => stepsOf(await onnxRuntime({ threads: 2 }).open(of)));
      const events = stage.watch();
      expect(await checked(events, task)).toMatchObject({ finding: "right" });
      expect(events.filter(({ event, id }) => event === "challenged" && id === task.task.id)).toEqual([]);
    },
  );
  test.runIf(long)("tolerant, with any values that it allows, bf16", async () => {
    const task = job("bf16", true);
    await stage.execute("executor", task, async (of) => legalSteps(of, 1));
    expect(await checked(stage.watch(), task)).toMatchObject({ finding: "right" });
  });
});
