// What a training consists of, lied about pass by pass through executor, challenger and the contracts on a real L1.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../../verifier/graph/graph.ts";
import { hasLeaf } from "../../verifier/model/leaf.ts";
import type { ModelGraphs } from "../../verifier/model/mlp.ts";
import { onnxRuntime } from "../../verifier/runtime/onnxruntime.ts";
import type { Dataset } from "../../verifier/trace/dataset.ts";
import { stepsOf } from "../../verifier/trace/steps.ts";
import { legalSteps } from "./legal-steps.ts";
import { checked, liar, openServiceStage, type ServiceStage, seen } from "./service-stage.ts";
import { taskOfGraphs } from "./small-task.ts";

export interface Lie {
  readonly title: string;
  /** Name of the value that is falsified. */
  readonly node: string;
}

/** The output of the `index`-th node of that op, counted from the back where negative. */
export function nodeNamed(graph: Graph, op: string, index: number): string {
  const found = graph.nodes.filter((node) => node.op === op && hasLeaf(node)).at(index);
  if (found === undefined) throw new Error(`no ${op} at ${index}`);
  return graph.values[found.output]!.name;
}

/** Defines the tests of one network: each lie is proven wrong, an honest training is found right. */
export function eachPassIsJudged(graphs: ModelGraphs, dataset: Dataset, batchRows: number, lies: readonly Lie[]): void {
  let salt = 1000;
  const job = (tolerant: boolean) =>
    taskOfGraphs(graphs, dataset, { batchRows, stepRoots: true, tolerant, salt: salt++ });

  let stage: ServiceStage;
  beforeAll(async () => {
    stage = await openServiceStage();
    await stage.upload(job(false));
  });
  afterEach(() => stage.stopAll());
  afterAll(() => stage?.close());

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

  test.runIf(long)("a training of any values that tolerant allows is found right", async () => {
    const task = job(true);
    await stage.execute("executor", task, async (of) => legalSteps(of, 1));
    expect(await checked(stage.watch(), task)).toMatchObject({ finding: "right" });
  });
}
