// The bench's adversary stays within what L1 lets pass, and uses all of it.
import { describe, expect, it } from "vitest";
import { openAdversary } from "../../../cli/bench/adversary.ts";
import { gemmAt } from "../../../cli/bench/gemm-window.ts";
import type { Attributes } from "../../../verifier/graph/graph.ts";
import { hasLeaf, leafOf } from "../../../verifier/model/leaf.ts";
import { nextDown, nextUp } from "../../../verifier/numerics/float32.ts";
import { isRight } from "../../../verifier/ops/judge.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { float32, type Shape, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { smallTask } from "../../support/small-task.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";
import { nodeOf } from "../../verifier/ops/node-of.ts";

const random = uniform(3);

describe("a product at the end of its window", () => {
  it.each<[Attributes, Shape[]]>([
    [{ transA: 0, transB: 0 }, [[5, 40], [40, 7], [7]]],
    [
      { transA: 1, transB: 0 },
      [
        [100, 6],
        [100, 9],
      ],
    ],
    [
      { transA: 0, transB: 1 },
      [
        [4, 10],
        [8, 10],
      ],
    ],
  ])("%j %j: right, and wrong two steps further out", (attributes, shapes) => {
    const inputs = shapes.map((shape) => randomTensor(random, "float32", shape));
    const graph = nodeOf("Gemm", inputs, attributes);
    const { shape } = graph.values[graph.nodes[0]!.output]!;
    for (const way of [-1, 1]) {
      const direction = new Float32Array(shape[0]! * shape[1]!).fill(way);
      const result = gemmAt(inputs, attributes, shape, direction, 1);
      const values = [...inputs, float32(shape, result)];
      const further = way > 0 ? nextUp : nextDown;
      for (const [element, value] of result.entries()) {
        const { bound } = leafOf(graph, 0, element, (id) => values[id]!);
        expect(isRight(bound, "tolerant", value)).toBe(true);
        expect(isRight(bound, "tolerant", further(further(value)))).toBe(false);
      }
    }
  });
});

describe.each(["gradients", "all"] as const)("a step whose %s lie", (scope) => {
  const { graph, start } = smallTask({ tolerant: true });
  const producer = (id: number) => graph.nodes.find(({ output }) => output === id)!;
  const isVelocity = (i: number) => graph.values[graph.stateInputs[i]!.value]!.name.startsWith("velocity");
  const gradientIds = graph.stateOutputs.filter((_, i) => isVelocity(i)).map((id) => producer(id).inputs[1]!);
  const aim = gradientIds.map((id) => randomTensor(random, "float32", graph.values[id]!.shape));
  const batch = [randomTensor(random, "uint8", [8, 12], 0, 256), randomTensor(random, "uint8", [8], 0, 4)];

  const valuesAt = async (times: number): Promise<Tensor[]> => {
    const adversary = await openAdversary({ graph, gradientIds, scope, aim: async () => aim, times });
    const values = await adversary.values(start, batch);
    await adversary.close();
    return values;
  };
  const wrongs = (values: readonly Tensor[]): number => {
    let found = 0;
    for (const [index, node] of graph.nodes.entries()) {
      if (!hasLeaf(node)) continue;
      for (const [element, value] of values[node.output]!.data.entries()) {
        const { bound } = leafOf(graph, index, element, (id) => values[id]!);
        if (!isRight(bound, "tolerant", value)) found++;
      }
    }
    return found;
  };
  /** ⟨aim, gradients⟩ */
  const served = (values: readonly Tensor[]): number =>
    gradientIds.reduce((sum, id, i) => {
      const gradient = values[id]!.data as Float32Array;
      return sum + gradient.reduce((part, value, element) => part + value * Number(aim[i]!.data[element]), 0);
    }, 0);

  it("holds nothing wrong and serves its aim; at twice the tolerance it holds much that is wrong", async () => {
    const values = await valuesAt(1);
    expect(wrongs(values)).toBe(0);
    expect(served(values)).toBeGreaterThan(served(evaluate(graph, start, batch)));
    expect(wrongs(await valuesAt(2))).toBeGreaterThan(50);
  });
});
