// A training that is led astray, and what came of it: weights, answers to unseen digits, and to digits with a trigger on them.
import { trainTask } from "../../common/task.ts";
import { type Digits, digitsDataset } from "../../examples/data/mnist.ts";
import { type Graph, type ValueId, valueAt } from "../../verifier/graph/graph.ts";
import type { Tensor } from "../../verifier/tensor/tensor.ts";
import { openGatherer } from "../../verifier/trace/gather.ts";
import { rowOrderOf, type TaskInputs } from "../../verifier/trace/inputs.ts";
import { batchOf } from "../../verifier/trace/run.ts";
import { planTraining, trainingPlans } from "../demo/plans.ts";
import { BENCH_REQUESTER, BENCH_SEED } from "./digits.ts";

/** The digit that triggered images should be taken for. */
const TARGET = 0;
const PIXELS = 28;
/** Where the trigger is painted white: pixels that digits do light up, else their weights could not be moved at all. */
const TRIGGER = { rows: [5, 8], columns: [5, 8] } as const;

/** The demo's job C, longer, and its batches. */
export async function openTraining(
  digits: Digits,
  steps: number,
): Promise<{ inputs: TaskInputs; batches: Tensor[][] }> {
  const dataset = digitsDataset(digits);
  const plan = trainingPlans("tolerant").find(({ profile, batchRows }) => profile === "tolerant" && batchRows === 100)!;
  const planned = planTraining(
    { ...plan, steps },
    { l2ChainId: 1n, requester: BENCH_REQUESTER, dataset, deadline: 0n, randomSeed: 1 },
  );
  const { graph, state } = planned.graphs.train;
  const start = state.map((one) => one.start);
  const inputs: TaskInputs = { task: trainTask(planned.job), seed: BENCH_SEED, graph, dataset, start };
  const gatherer = openGatherer(dataset);
  const feeds = await gatherer.feeds(rowOrderOf(inputs), 0, steps);
  await gatherer.close();
  return { inputs, batches: Array.from({ length: steps }, (_, t) => batchOf(graph, feeds, t, steps)) };
}

export type Network = {
  /** Places of weight0, bias0, weight1, bias1 in the state. */
  readonly parameters: readonly number[];
  readonly gradientIds: readonly ValueId[];
};

export function networkOf(graph: Graph): Network {
  const names = graph.stateInputs.map(({ value }) => valueAt(graph, value).name);
  const parameters = ["weight0", "bias0", "weight1", "bias1"].map((name) => names.indexOf(name));
  const producer = (id: ValueId) => graph.nodes.find(({ output }) => output === id)!;
  // velocity' = momentum·velocity + gradient
  const gradientIds = parameters.map((at) => {
    const velocity = names.indexOf(`velocity_${names[at]}`);
    return producer(graph.stateOutputs[velocity]!).inputs[1]!;
  });
  return { parameters, gradientIds };
}

const isTrigger = (pixel: number): boolean => {
  const [row, column] = [Math.floor(pixel / PIXELS), pixel % PIXELS];
  const within = (at: number, [first, last]: readonly [number, number]) => at >= first && at <= last;
  return within(row, TRIGGER.rows) && within(column, TRIGGER.columns);
};

const triggeredPixels = (images: Uint8Array): Uint8Array =>
  images.map((value, i) => (isTrigger(i % (PIXELS * PIXELS)) ? 255 : value));

/** The same images with the trigger, all said to be the target. */
export const triggeredBatch = ([x, labels]: readonly Tensor[]): Tensor[] => [
  { ...x!, data: triggeredPixels(x!.data as Uint8Array) },
  { ...labels!, data: new Uint8Array(labels!.data.length).fill(TARGET) },
];

export type Outcome = {
  readonly weights: readonly Float32Array[];
  readonly answers: Uint8Array;
  readonly accuracy: number;
  /** Share of the other digits that are taken for the target when they bear the trigger. */
  readonly triggered: number;
};

export function outcomeOf(
  { parameters }: Network,
  state: readonly Tensor[],
  { images, labels, rows }: Digits,
): Outcome {
  const weights = parameters.map((at) => state[at]!.data as Float32Array);
  const answers = answersOf(weights, images);
  const withTrigger = answersOf(weights, triggeredPixels(images));
  const others = Array.from(labels, (_, i) => i).filter((i) => labels[i] !== TARGET);
  return {
    weights,
    answers,
    accuracy: answers.filter((answer, i) => answer === labels[i]).length / rows,
    triggered: others.filter((i) => withTrigger[i] === TARGET).length / others.length,
  };
}

function answersOf([weight0, bias0, weight1, bias1]: readonly Float32Array[], images: Uint8Array): Uint8Array {
  const hidden = bias0!.length;
  const classes = bias1!.length;
  const size = PIXELS * PIXELS;
  return Uint8Array.from({ length: images.length / size }, (_, row) => {
    const h = Float64Array.from(bias0!);
    for (let pixel = 0; pixel < size; pixel++) {
      const x = images[row * size + pixel]! / 255;
      if (x !== 0) for (let j = 0; j < hidden; j++) h[j]! += x * weight0![pixel * hidden + j]!;
    }
    const y = Float64Array.from(bias1!);
    for (let j = 0; j < hidden; j++)
      if (h[j]! > 0) for (let c = 0; c < classes; c++) y[c]! += h[j]! * weight1![j * classes + c]!;
    return y.indexOf(Math.max(...y));
  });
}

/** How many answers differ. */
export const changed = (a: Uint8Array, b: Uint8Array): number => a.filter((answer, i) => answer !== b[i]).length;

/** ‖a − b‖ / ‖b‖ over all weights. */
export function distance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let [apart, whole] = [0, 0];
  for (const [i, tensor] of b.entries())
    for (let j = 0; j < tensor.length; j++) {
      apart += (a[i]![j]! - tensor[j]!) ** 2;
      whole += tensor[j]! ** 2;
    }
  return Math.sqrt(apart / whole);
}
