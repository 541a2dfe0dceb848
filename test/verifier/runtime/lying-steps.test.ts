import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasLeaf, leafOf } from "../../../verifier/model/leaf.ts";
import { mlpGraphs } from "../../../verifier/model/mlp.ts";
import { listNodes } from "../../../verifier/model/nodes.ts";
import { isRight, type LieAmount, type Profile } from "../../../verifier/ops/judge.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { stepOf } from "../../../verifier/runtime/reference.ts";
import type { Session } from "../../../verifier/runtime/runtime.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { lyingSteps } from "../../support/lying-steps.ts";
import { hexOf, randomTensor, uniform } from "../../support/tensors.ts";

const { train } = mlpGraphs({
  sizes: [12, 8, 4],
  seed: 3,
  batchRows: 6,
  evaluateBatchRows: 5,
  optimizer: { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
});
const { graph } = train;
const start = train.state.map((state) => state.start);
const runtime = onnxRuntime({ threads: 1 });
const random = uniform(6);
const batches = [randomTensor(random, "uint8", [5, 6, 12], 0, 256), randomTensor(random, "uint8", [5, 6], 0, 4)];
const allIds = graph.values.map((_, id) => id);
const ulp: LieAmount = { unit: "ulp", count: 1 };

let honest: Session;
beforeAll(async () => {
  honest = await runtime.open(graph);
});
afterAll(() => honest.close());

/** Elements that the profile finds wrong in one step's values. */
function wrongs(values: readonly Tensor[], profile: Profile): string[] {
  return graph.nodes.flatMap((node, index) => {
    if (!hasLeaf(node)) return [];
    const { data } = values[node.output]!;
    return Array.from({ length: data.length }, (_, element) => element)
      .filter((element) => !isRight(leafOf(graph, index, element, (id) => values[id]!).bound, profile, data[element]!))
      .map((element) => `${index}/${element}`);
  });
}

/** One node of each op. */
const targets = listNodes(graph, "strict")
  .filter(({ rule }) => rule === "replay")
  .filter(({ op }, i, all) => all.findIndex((other) => other.op === op) === i);

describe("one injected lie", () => {
  test.each(targets)(
    "at $name ($op): that element and no other is wrong, the rest is computed on from it",
    async ({ index }) => {
      const steps = await lyingSteps(graph, runtime, { step: 2, node: index, element: 1_000_003, amount: ulp });
      const values = await steps.values(
        2,
        start,
        batches.map((stacked) => stepOf(stacked, 0)),
        allIds,
      );
      await steps.close();
      const size = values[graph.nodes[index]!.output]!.data.length;
      expect(wrongs(values, "strict")).toEqual([`${index}/${1_000_003 % size}`]);
    },
  );

  test("in tolerant: twice the tolerance is wrong, half of it is not", async () => {
    const node = listNodes(graph, "tolerant").find(({ op }) => op === "Gemm")!.index;
    for (const [factor, expected] of [
      [2, [`${node}/3`]],
      [0.5, []],
    ] as const) {
      const lie = { step: 0, node, element: 3, amount: { unit: "tol", factor } as const };
      const steps = await lyingSteps(graph, runtime, lie);
      const values = await steps.values(
        0,
        start,
        batches.map((stacked) => stepOf(stacked, 0)),
        allIds,
      );
      await steps.close();
      expect(wrongs(values, "tolerant")).toEqual(expected);
    }
  });

  test.each([0, 2, 4])(
    "a segment with the lie in its step %i is the honest one up to there and goes on from it",
    async (at) => {
      const node = listNodes(graph, "strict").find(({ name }) => name === "next_weight0")!.index;
      const steps = await lyingSteps(graph, runtime, {
        step: 10 + at,
        node,
        element: 5,
        amount: { unit: "ulp", count: 1000 },
      });
      const lied = await steps.segment(10, start, batches);
      const elsewhere = await steps.segment(20, start, batches);
      let state: readonly Tensor[] = start;
      const losses: number[] = [];
      for (let t = 0; t < 5; t++) {
        const ends = await steps.values(
          10 + t,
          state,
          batches.map((stacked) => stepOf(stacked, t)),
          [...graph.stateOutputs, graph.loss!],
        );
        state = ends.slice(0, -1);
        losses.push(ends.at(-1)!.data[0] as number);
      }
      await steps.close();
      const truth = await honest.segment(start, batches);
      expect(elsewhere.state.map(hexOf)).toEqual(truth.state.map(hexOf));
      expect(lied.state.map(hexOf)).toEqual(state.map(hexOf));
      expect(Array.from(lied.losses!.data as Float32Array)).toEqual(losses);
      expect(lied.state.map(hexOf)).not.toEqual(truth.state.map(hexOf));
    },
  );
});
