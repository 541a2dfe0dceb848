import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { digitsDataset, loadMnist } from "../../../examples/data/mnist.ts";
import { digitsCnn } from "../../../examples/networks.ts";
import { checkGraph } from "../../../verifier/model/check.ts";
import { type CnnBlock, cnnGraphs } from "../../../verifier/model/cnn.ts";
import { UnsupportedModelError } from "../../../verifier/model/errors.ts";
import type { ModelGraphs } from "../../../verifier/model/mlp.ts";
import { isUnique } from "../../../verifier/model/placement.ts";
import { fromBits } from "../../../verifier/numerics/float32.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Tensor } from "../../../verifier/tensor/tensor.ts";
import { openCheckpoints } from "../../../verifier/trace/checkpoint.ts";
import { openGatherer } from "../../../verifier/trace/gather.ts";
import { runTask } from "../../../verifier/trace/run.ts";
import { stepsOf } from "../../../verifier/trace/steps.ts";
import { openBlobStore } from "../../../verifier/trace/store.ts";
import { DESCENT, descentError } from "../../support/descent-error.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { taskOfGraphs } from "../../support/small-task.ts";
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

const STEPS = Number(process.env.ANH_CNN_STEPS ?? 3000);

/** Two convolutions learn MNIST as an executor runs them, commitments and all. */
test.runIf(process.env.ANH_LONG === "1")(
  "3,000 steps of a convolutional network read 98.5 % of MNIST's test digits",
  { timeout: 1_800_000 },
  async () => {
    const mnist = await loadMnist();
    const graphs = digitsCnn(STEPS);
    const dataset = digitsDataset(mnist.train);
    const job = taskOfGraphs(graphs, dataset, { batchRows: 64, steps: STEPS, segmentSteps: 50 });
    const folder = await mkdtemp(join(tmpdir(), "anh-cnn-"));
    const session = await onnxRuntime({ threads: 1 }).open(graphs.train.graph);
    const gatherer = openGatherer(dataset);
    try {
      const begun = performance.now();
      const { state } = await runTask(job, {
        steps: stepsOf(session),
        gatherer,
        store: openBlobStore(join(folder, "blobs")),
        checkpoints: openCheckpoints(join(folder, "run")),
        onSegment: ({ index, metrics }) => {
          if (index % 10 !== 9) return;
          const mean = metrics.map(fromBits).reduce((sum, loss) => sum + loss, 0) / metrics.length;
          console.log(`step ${(index + 1) * 50}: loss ${mean.toFixed(3)}, ${Math.round(performance.now() - begun)} ms`);
        },
      });
      const right = await counted(graphs, state, digitsDataset(mnist.test).tensors);
      console.log(`${right} of ${mnist.test.rows} test digits`);
      expect(right).toBeGreaterThanOrEqual(9850);
    } finally {
      await session.close();
      gatherer.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

/** Right answers of the evaluation graph. */
async function counted(
  { evaluate: graph }: ModelGraphs,
  state: readonly Tensor[],
  [x, labels]: readonly Tensor[],
): Promise<number> {
  const session = await onnxRuntime({ threads: 1 }).open(graph);
  const parameters = graph.stateInputs.slice(0, -1).map(({ source }) => state[source]!);
  let counter: Tensor = { dtype: "float32", shape: [1], data: new Float32Array(1) };
  for (let row = 0; row < labels!.data.length; row += 500) {
    const result = await session.step(
      [...parameters, counter],
      [
        { dtype: "uint8", shape: [500, 784], data: x!.data.slice(row * 784, (row + 500) * 784) },
        { dtype: "uint8", shape: [500], data: labels!.data.slice(row, row + 500) },
      ],
    );
    counter = result.state.at(-1)!;
  }
  await session.close();
  return counter.data[0] as number;
}
