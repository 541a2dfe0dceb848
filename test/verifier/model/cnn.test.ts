import { describe, expect, test } from "vitest";
import { checkGraph } from "../../../verifier/model/check.ts";
import { type CnnBlock, cnnGraphs } from "../../../verifier/model/cnn.ts";
import { UnsupportedModelError } from "../../../verifier/model/errors.ts";
import { isUnique } from "../../../verifier/model/placement.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { DESCENT, descentError } from "../../support/descent-error.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { hexOf, randomTensor, uniform } from "../../support/tensors.ts";

const block = (changes: Partial<CnnBlock>): CnnBlock => ({
  filters: 3,
  kernel: 3,
  pool: 1,
  residual: false,
  ...changes,
});

test.each([
  ["an even kernel", [block({ kernel: 2 })], /a kernel of 2/],
  ["a residual over other channels", [block({ filters: 4, residual: true })], /1 channels added to 4/],
  ["more pooling than there are pixels", [block({ pool: 5 }), block({ pool: 2 })], /nothing is left to pool/],
] as const)("%s is refused", (_, blocks, reason) => {
  expect(() => cnnGraphs(smallCnn({ blocks }))).toThrow(UnsupportedModelError);
  expect(() => cnnGraphs(smallCnn({ blocks }))).toThrow(reason);
});

describe.each([
  ["with batch norm", smallCnn()],
  [
    "without, one channel after a tile of three",
    smallCnn({ batchNorm: false, blocks: [block({ filters: 1, pool: 3 })] }),
  ],
] as const)("a network %s", (_, spec) => {
  const graphs = cnnGraphs(spec);

  test("passes the gate of strict, and honest executors reach the same bits", () => {
    for (const graph of [graphs.train.graph, graphs.infer, graphs.evaluate]) checkGraph(graph, "strict");
    expect(isUnique(graphs.train.graph)).toBe(true);
  });

  test("the gradient of all parameters agrees with finite differences along random directions", () => {
    const { train } = cnnGraphs({ ...spec, optimizer: DESCENT });
    const random = uniform(14);
    const feeds = [
      randomTensor(random, "uint8", [spec.batchRows, 72], 0, 256),
      randomTensor(random, "uint8", [spec.batchRows], 0, 10),
    ];
    // A step renews running statistics, which is no descent.
    const error = descentError(train, feeds, { seed: 15, noise: 0.2, still: /_(mean|variance)$/ });
    expect(error).toBeLessThan(1e-6);
  });

  test("onnxruntime and the reference reach the same state and loss", async () => {
    const random = uniform(4);
    const { graph, state } = graphs.train;
    const batch = [
      randomTensor(random, "uint8", [spec.batchRows, 72], 0, 256),
      randomTensor(random, "uint8", [spec.batchRows], 0, 10),
    ];
    const start = state.map((item) => item.start);
    const session = await onnxRuntime({ threads: 1 }).open(graph);
    const first = await session.step(start, batch);
    const second = await session.step(first.state, batch);
    await session.close();
    const values = evaluate(graph, start, batch);
    expect(first.state.map(hexOf)).toEqual(graph.stateOutputs.map((id) => hexOf(values[id]!)));
    expect(second.loss!.data[0]).toBeLessThan(first.loss!.data[0] as number);
  });
});

test("running statistics are state behind the parameters, renewed by a step and read by inference", () => {
  const { train, infer } = cnnGraphs(smallCnn());
  const names = train.state.map(({ name }) => name);
  const buffers = ["block0_mean", "block0_variance", "block1_mean", "block1_variance"];
  expect(names.slice(infer.stateInputs.length - 4, infer.stateInputs.length)).toEqual(buffers);
  expect(names.slice(infer.stateInputs.length, infer.stateInputs.length + 1)).toEqual(["first_moment_block0_weight"]);
  const random = uniform(6);
  const images = randomTensor(random, "uint8", [4, 72], 0, 256);
  const values = evaluate(
    train.graph,
    train.state.map(({ start }) => start),
    [images, randomTensor(random, "uint8", [4], 0, 10)],
  );
  const mean = values[train.graph.stateOutputs[names.indexOf("block0_mean")]!]!.data as Float32Array;
  const variance = values[train.graph.stateOutputs[names.indexOf("block0_variance")]!]!.data as Float32Array;
  // From 0 and 1, a tenth of the way to the batch's own.
  expect(mean.every((value) => value !== 0 && Math.abs(value) < 0.2)).toBe(true);
  expect(variance.every((value) => value > 0.9)).toBe(true);
});
