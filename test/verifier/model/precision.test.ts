// Networks in fewer bits (docs/numerics.md N9): whatever the network, both factors of every product are numbers of the format, each
// value is rounded once, and nothing else changes.
import { describe, expect, test } from "vitest";
import { trainStep } from "../../../verifier/autodiff/train-step.ts";
import { constant, type Draft, emit } from "../../../verifier/graph/draft.ts";
import { type Graph, type ValueId, valueAt } from "../../../verifier/graph/graph.ts";
import { checkGraph } from "../../../verifier/model/check.ts";
import { cnnGraphs } from "../../../verifier/model/cnn.ts";
import { gptGraphs } from "../../../verifier/model/gpt.ts";
import { type ModelGraphs, mlpGraphs } from "../../../verifier/model/mlp.ts";
import { graphInPrecision, inPrecision, PRECISIONS, type Precision } from "../../../verifier/model/precision.ts";
import { bitsOf } from "../../../verifier/numerics/float32.ts";
import { add, mul, relu, reshape, scalar, shapeOf, transpose } from "../../../verifier/ops/build.ts";
import { convolve, convolveTransposed } from "../../../verifier/ops/convolve.ts";
import { product } from "../../../verifier/ops/product.ts";
import { softmax } from "../../../verifier/ops/softmax.ts";
import { stackedProduct } from "../../../verifier/ops/stacked-product.ts";
import { total } from "../../../verifier/ops/sums.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { float32, sizeOf, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { type Random, seededRandom } from "../../support/random.ts";
import { smallCnn } from "../../support/small-cnn.ts";
import { smallGpt } from "../../support/small-gpt.ts";
import { hexOf, randomTensor, uniform } from "../../support/tensors.ts";

const NARROW = PRECISIONS.filter((name) => name !== "fp32");
const PRODUCTS = ["Conv", "ConvTranspose", "Gemm", "MatMul"];

/** Whether the format has the number, by its bits. */
function holds(precision: Precision, value: number): boolean {
  if (bitsOf(value) % 2 ** (precision === "bf16" ? 16 : 13) !== 0) return false;
  return precision !== "fp16" || (Math.abs(value) <= 65_504 && Number.isInteger(value * 2 ** 24));
}

const momentum = { kind: "momentum", learningRate: 0.1, momentum: 0.9 } as const;
const mlp = () => mlpGraphs({ sizes: [12, 8, 4], seed: 1, batchRows: 8, evaluateBatchRows: 10, optimizer: momentum });
const gpt = () => gptGraphs(smallGpt({ tied: true, positionCode: "rotary", activation: "swiglu", dropout: 0.1 }));

/** All values of a step on random rows. */
function computed({ graph, state }: ModelGraphs["train"]): readonly Tensor[] {
  const random = uniform(5);
  const feeds = graph.batchInputs.map((id) => {
    const { dtype, shape } = valueAt(graph, id);
    return dtype === "float32"
      ? randomTensor(random, dtype, shape, -3, 3)
      : randomTensor(random, dtype, shape, 0, dtype === "bool" ? 2 : 4);
  });
  return evaluate(
    graph,
    state.map(({ start }) => start),
    feeds,
  );
}

const isOnes = (values: readonly Tensor[], graph: Graph) => (id: ValueId) =>
  graph.constants.some(({ value }) => value === id) && values[id]!.data.every((x) => x === 1);

/** Factors of products that the format has not, by name; sums, which are products with ones, left out. */
function tooWide(step: ModelGraphs["train"], precision: Precision): string[] {
  const { graph } = step;
  const values = computed(step);
  const products = graph.nodes.filter(({ op, inputs }) => PRODUCTS.includes(op) && !inputs.some(isOnes(values, graph)));
  expect(products.length).toBeGreaterThan(0);
  const factors = new Set(products.flatMap(({ inputs }) => inputs.slice(0, 2)));
  return [...factors]
    .filter((id) => !(values[id]!.data as Float32Array).every((x) => holds(precision, x)))
    .map((id) => valueAt(graph, id).name);
}

/** Values that are multiplied by the factor that all roundings begin with, by name; each as often as it is. */
function roundedIn(graph: Graph, precision: Precision): string[] {
  const first = Math.fround(1 - 2 ** (precision === "bf16" ? -16 : -13));
  const factor = graph.constants.find(
    ({ bytes }) => bytes.length === 4 && new Float32Array(bytes.slice().buffer)[0] === first,
  );
  const begun = graph.nodes.filter(({ op, inputs }) => op === "Mul" && inputs[1] === factor?.value);
  return begun.map(({ inputs }) => valueAt(graph, inputs[0]!).name);
}

describe.each(NARROW)("%s", (precision) => {
  test.each([
    ["a perceptron", mlp],
    ["a convolutional network", () => cnnGraphs(smallCnn())],
    ["a transformer", gpt],
  ])("%s: every factor is a number of the format, and the gate lets all graphs pass", (_, build) => {
    const before = build();
    const graphs = inPrecision(before, precision);
    expect(tooWide(before.train, precision)).not.toEqual([]);
    expect(tooWide(graphs.train, precision)).toEqual([]);
    for (const graph of [graphs.train.graph, graphs.infer, graphs.evaluate]) checkGraph(graph, "strict");
    expect(graphs.train.graph.stateInputs).toEqual(before.train.graph.stateInputs);
    expect(graphs.train.state).toBe(before.train.state);
  });

  test("of 60 random networks, gradients included", () => {
    for (let seed = 0; seed < 60; seed++) {
      const step = randomTraining(seed);
      const graph = graphInPrecision(step.graph, precision);
      expect(tooWide({ ...step, graph }, precision), `seed ${seed}`).toEqual([]);
      const names = roundedIn(graph, precision);
      expect(names.length, `seed ${seed}`).toBeGreaterThan(1);
      expect(new Set(names).size, `seed ${seed}`).toBe(names.length);
    }
  });
});

test("fp32 leaves a graph as it is", () => {
  const graphs = mlp();
  expect(inPrecision(graphs, "fp32").train.graph).toBe(graphs.train.graph);
});

test("a job without an evaluation has none in any precision", () => {
  expect(inPrecision({ ...mlp(), evaluate: null }, "bf16").evaluate).toBeNull();
});

test("a perceptron in bf16: six roundings of three nodes, weights by their names", () => {
  const { graph } = inPrecision(mlp(), "bf16").train;
  // x, both weights, the hidden layer, and the gradients of both layers' outputs
  expect(graph.nodes.length - mlp().train.graph.nodes.length).toBe(3 * 6);
  expect(roundedIn(graph, "bf16")).toHaveLength(6);
  expect(graph.values.map(({ name }) => name).filter((name) => name.endsWith(".bf16"))).toEqual([
    "weight0.bf16",
    "weight1.bf16",
  ]);
});

test("weights that are drawn stay so, and masks masks", () => {
  const drawn = mlpGraphs({
    sizes: [12, 8, 4],
    seed: 1,
    drawn: true,
    batchRows: 8,
    evaluateBatchRows: 10,
    optimizer: momentum,
  });
  const inputs = inPrecision(drawn, "tf32").train.graph.stateInputs;
  expect(inputs).toEqual(drawn.train.graph.stateInputs);
  expect(inputs.every(({ rule }) => rule !== undefined)).toBe(true);
  expect(inPrecision(gpt(), "tf32").train.graph.masks).toEqual(gpt().train.graph.masks);
});

test("sums stay float32's: what a softmax divides by, and the loss", () => {
  const { graph, state } = inPrecision(mlp(), "bf16").train;
  const values = computed({ graph, state });
  const sums = graph.nodes.filter(({ inputs }) => inputs.some(isOnes(values, graph)));
  const summed = sums.map(({ inputs }) => values[inputs[0]!]!.data as Float32Array);
  expect(summed.some((terms) => !terms.every((x) => holds("bf16", x)))).toBe(true);
});

describe("what needs no rounding gets none", () => {
  const nodesFor = (forward: (draft: Draft, w: ValueId, x: ValueId) => ValueId, dtype: "uint8" | "float32") => {
    const model = {
      parameters: [{ name: "w", start: randomTensor(uniform(1), "float32", [4, 4]) }],
      batch: [{ name: "x", type: { dtype, shape: [3, 4] } }],
      loss: (draft: Draft, [w]: readonly ValueId[], [x]: readonly ValueId[]) => total(draft, forward(draft, w!, x!)),
    };
    const { graph } = trainStep(model, { kind: "sgd", learningRate: 0.1 });
    return graphInPrecision(graph, "bf16").nodes.length - graph.nodes.length;
  };
  test("bytes and bools", () => {
    const floats = nodesFor((draft, w, x) => product(draft, { a: x, b: w }), "float32");
    const bytes = nodesFor((draft, w, x) => product(draft, { a: emit(draft, "Cast", [x], { to: 1 }), b: w }), "uint8");
    expect(floats - bytes).toBe(3);
  });
  test("what is turned or cut out of a rounded value", () => {
    const once = nodesFor((draft, w, x) => product(draft, { a: x, b: w }), "float32");
    const shared = nodesFor((draft, w, x) => {
      const y = product(draft, { a: x, b: w });
      return add(draft, y, product(draft, { a: x, b: transpose(draft, w, [1, 0]) }));
    }, "float32");
    // One more Transpose, of the rounded weight: the unrounded is used no more.
    expect(shared).toBe(once);
  });
});

test("a constant factor is rounded when the graph is made", () => {
  const { graph } = trainStep(
    {
      parameters: [{ name: "w", start: randomTensor(uniform(1), "float32", [3, 2]) }],
      batch: [{ name: "x", type: { dtype: "float32", shape: [2, 4] } }],
      loss: (draft, [w], [x]) => {
        const basis = emit(draft, "Reshape", [fixed(draft)], { shape: [4, 3] });
        return total(draft, product(draft, { a: product(draft, { a: x!, b: basis }), b: w! }));
      },
    },
    { kind: "sgd", learningRate: 0.1 },
  );
  const step = {
    graph: graphInPrecision(graph, "fp16"),
    state: [{ name: "w", start: randomTensor(uniform(1), "float32", [3, 2]) }],
  };
  expect(tooWide(step, "fp16")).toEqual([]);
  const names = step.graph.values.map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("constant")).length).toBeGreaterThan(0);
  const basis = step.graph.constants.find(({ bytes }) => bytes.length === 48)!;
  expect([...new Float32Array(basis.bytes.slice().buffer)].every((x) => holds("fp16", x))).toBe(true);
});

/** 1/7, 2/7, …: no numbers of any of the formats. */
const fixed = (draft: Draft): ValueId =>
  constant(
    draft,
    float32(
      [12],
      Array.from({ length: 12 }, (_, i) => (i + 1) / 7),
    ),
  );

test("a loss that is scaled by a power of two leads to the same state, bit for bit", () => {
  const training = (lossScale?: number) =>
    mlpGraphs({
      ...{ sizes: [12, 8, 4], seed: 1, batchRows: 8, evaluateBatchRows: 10 },
      optimizer: { ...momentum, ...(lossScale === undefined ? {} : { lossScale }) },
    }).train;
  const stateAfter = (step: ModelGraphs["train"]) => {
    const values = computed(step);
    return step.graph.stateOutputs.map((id) => hexOf(values[id]!));
  };
  expect(stateAfter(training(1024))).toEqual(stateAfter(training()));
  expect(training(1).graph).toEqual(training().graph);
  expect(training(1024).graph.nodes.length).toBeGreaterThan(training().graph.nodes.length);
});

/** A few random layers over random rows, of every product there is, with weights that are used more than once. */
function randomTraining(seed: number): ModelGraphs["train"] {
  const random = seededRandom(seed + 1);
  const values = uniform(seed + 100);
  const [rows, channels, size] = [1 + random.below(3), 2 * (1 + random.below(2)), 3 + random.below(3)] as const;
  const parameters = [
    { name: "filters", start: randomTensor(values, "float32", [channels, channels, 3, 3]) },
    { name: "grouped", start: randomTensor(values, "float32", [channels, channels / 2, 1, 1]) },
    { name: "square", start: randomTensor(values, "float32", [size, size]) },
    { name: "bias", start: randomTensor(values, "float32", [size]) },
  ];
  const layers = Array.from({ length: 2 + random.below(4) }, () => random.below(LAYERS.length));
  const model = {
    parameters,
    batch: [{ name: "x", type: { dtype: "float32" as const, shape: [rows, channels, size, size] } }],
    loss: (draft: Draft, state: readonly ValueId[], [x]: readonly ValueId[]) => {
      // One layer at least that has a weight.
      const y = [...layers, 2].reduce((h, layer) => LAYERS[layer]!(draft, h, state, random), x!);
      return mul(draft, total(draft, mul(draft, y, y)), scalar(draft, 1 / 64));
    },
  };
  return trainStep(model, { kind: "sgd", learningRate: 0.01 });
}

type Layer = (draft: Draft, x: ValueId, state: readonly ValueId[], random: Random) => ValueId;

const window = (kernel: number) => ({
  kernel: [kernel, kernel],
  strides: [1, 1],
  dilations: [1, 1],
  pads: new Array(4).fill((kernel - 1) / 2),
});

/** Each gives the shape that it takes: [rows, channels, size, size]. */
const LAYERS: readonly Layer[] = [
  (draft, x, [filters]) => convolve(draft, { x, w: filters!, window: window(3), group: 1 }),
  (draft, x, [, grouped]) => convolve(draft, { x, w: grouped!, window: window(1), group: 2 }),
  (draft, x, [, , square, bias]) => {
    const shape = shapeOf(draft, x);
    const flat = reshape(draft, x, [sizeOf(shape.slice(0, -1)), shape.at(-1)!]);
    return reshape(draft, product(draft, { a: flat, b: square!, bias: bias! }), shape);
  },
  (draft, x, [, , square]) => {
    const shape = shapeOf(draft, x);
    const flat = reshape(draft, x, [sizeOf(shape.slice(0, -1)), shape.at(-1)!]);
    return reshape(draft, product(draft, { a: flat, b: square!, transB: true }), shape);
  },
  (draft, x, [filters]) => convolveTransposed(draft, { x, w: filters!, window: window(3), group: 1, widened: [0, 0] }),
  (draft, x) => stackedProduct(draft, softmax(draft, x), x),
  (draft, x) => stackedProduct(draft, transpose(draft, x, [0, 1, 3, 2]), x),
  (draft, x) => relu(draft, x),
  (draft, x, state, random) => add(draft, x, LAYERS[random.below(4)]!(draft, x, state, random)),
];
