import { describe, expect, it } from "vitest";
import { withCheckModules } from "../../../verifier/check/bench.ts";
import { compareReplay } from "../../../verifier/check/replay.ts";
import { histogramOf, ulpDistances } from "../../../verifier/check/ulp-histogram.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { float32, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { type Steps, stepsOf } from "../../../verifier/trace/steps.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { serveClaim } from "../../support/served-claim.ts";
import { type SmallTask, smallTask } from "../../support/small-task.ts";

const runtime = onnxRuntime({ threads: 1 });
const STEP = 6;
const strict = smallTask();
const traced = smallTask({ stepRoots: true });
const exp = strict.graph.nodes.findIndex(({ op }) => op === "Exp");

async function replayed(task: SmallTask, steps: Steps) {
  const served = await serveClaim(task, steps);
  try {
    return await withCheckModules(runtime, task, (modules) => compareReplay(served.subject, modules));
  } finally {
    await served.stop();
  }
}

describe("a claimed run computed again", () => {
  it.each([
    ["with step roots", traced],
    ["without", strict],
  ])("is equal throughout where it is honest, %s", async (_, task) => {
    expect(await replayed(task, stepsOf(await runtime.open(task.graph)))).toBeUndefined();
  });

  it.each([
    ["with step roots", traced],
    ["without", strict],
  ])("leaves the own one at the first op that gives other bits, %s", async (_, task) => {
    const amount = { unit: "ulp", count: 100 } as const;
    const divergence = await replayed(
      task,
      await lyingSteps(task.graph, runtime, { step: STEP, node: exp, element: 5, amount }),
    );
    const { output } = task.graph.nodes[exp]!;
    expect(divergence).toMatchObject({ segment: 1, step: STEP });
    expect(divergence!.differingNodes).toBeGreaterThan(1);
    expect(divergence!.first).toEqual({
      node: exp,
      name: valueAt(task.graph, output).name,
      op: "Exp",
      elements: 32,
      differing: 1,
      firstElement: 5,
      ulps: [
        { upTo: 0, elements: 31 },
        { upTo: 128, elements: 1 },
      ],
    });
  });
});

describe("distances", () => {
  const least = 2 ** -149;

  it("count the values in between, through zero", () => {
    const a = float32([6], [0, -0, least, 1, 1, -2]);
    const b = float32([6], [-0, 0, -least, 1 + 2 ** -23, -1, -2]);
    expect(ulpDistances(a, b)).toEqual([0, 0, 2, 1, 2 * 0x3f800000, 0]);
  });

  it("of integers are their differences", () => {
    const int64 = (...data: bigint[]): Tensor => ({
      dtype: "int64",
      shape: [data.length],
      data: BigInt64Array.from(data),
    });
    expect(ulpDistances(int64(3n, -4n), int64(3n, 4n))).toEqual([0, 8]);
  });

  it("fall into buckets whose borders are powers of two", () => {
    expect(histogramOf([])).toEqual([]);
    expect(histogramOf([0, 1, 2, 3, 4, 5, 8, 9, 0])).toEqual([
      { upTo: 0, elements: 2 },
      { upTo: 1, elements: 1 },
      { upTo: 2, elements: 1 },
      { upTo: 4, elements: 2 },
      { upTo: 8, elements: 2 },
      { upTo: 16, elements: 1 },
    ]);
  });
});
