// Jobs from foreign networks: their graphs, and all that is refused before anything is paid.
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { GradientError } from "../../../verifier/autodiff/errors.ts";
import type { Graph } from "../../../verifier/graph/graph.ts";
import { valueAt } from "../../../verifier/graph/graph.ts";
import { ModelFileError, RefusedModelError, RowsError, TargetError } from "../../../verifier/model/errors.ts";
import { toOnnxWithWeights } from "../../../verifier/model/onnx/frozen.ts";
import { type DatasetColumn, type OnnxTraining, onnxGraphs } from "../../../verifier/model/onnx/graphs.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { float32, type Tensor, zeros } from "../../../verifier/tensor/tensor.ts";
import { stateFromModel } from "../../../verifier/trace/inputs.ts";
import { exportedClassifier, int, model, node, port, weights } from "../../support/onnx-model.ts";
import { randomTensor, uniform } from "../../support/tensors.ts";

const random = uniform(21);
const N = 40;

const column = (name: string, dtype: DatasetColumn["type"]["dtype"], ...shape: number[]): DatasetColumn => ({
  name,
  type: { dtype, shape: [N, ...shape] },
});
const IMAGES = column("x", "float32", 1, 4, 3);
const LABELS = column("labels", "uint8");

const classifier = exportedClassifier();

const training = (changes: Partial<OnnxTraining> = {}): OnnxTraining => ({
  file: classifier,
  loss: { kind: "ce" },
  optimizer: { kind: "sgd", learningRate: 0.5 },
  batchRows: 4,
  evaluateBatchRows: 10,
  profile: "strict",
  ...changes,
});

/** x [batch, 4] → linear → `ends` → y [batch, classes]. */
const linear = (classes: number, ends: readonly string[] = [], input = port("x", ["batch", 4])) => {
  const names = ["h", ...ends.map((_, i) => (i === ends.length - 1 ? "y" : `e${i}`))];
  return model(
    [
      node("Gemm", ["x", "w", "b"], ends.length === 0 ? "y" : "h"),
      ...ends.map((op, i) => node(op, [names[i]!], names[i + 1]!)),
    ],
    [weights("w", [4, classes]), weights("b", [classes])],
    17,
    { input: [input] },
  );
};
/** ids [batch, positions] → y [batch, positions, 9]. */
const languageModel = model(
  [node("Gather", ["table", "ids"], "h", [int("axis", 0)]), node("MatMul", ["h", "w"], "y")],
  [weights("table", [9, 6]), weights("w", [6, 9])],
  17,
  { input: [port("ids", ["batch", "positions"], 7)] },
);
const NUMBERS = column("x", "float32", 4);

describe("refused", () => {
  test("nodes that cannot be run: all of them, by name, op, opset and a way out", () => {
    const file = model(
      [node("LSTM", ["x"], "h"), node("Gelu", ["h"], "g", [], "com.microsoft"), node("Add", ["g", "x"], "y")],
      [weights("w", [7, 2])],
    );
    const refused = () => onnxGraphs(training({ file }), [IMAGES, LABELS]);
    expect(refused).toThrow(RefusedModelError);
    expect(refused).toThrow(/\/LSTM \(LSTM, opset 17\)[\s\S]*\/Gelu \(com\.microsoft\.Gelu, opset 17\)/);
    try {
      refused();
    } catch (error) {
      const { code, hint, refusals } = (error as RefusedModelError).toJSON();
      expect(code).toBe("model-unsupported");
      expect(hint).toContain("Supported: ");
      expect(refusals).toHaveLength(2);
    }
  });

  test("nodes that only the other profile can judge, gradients included", () => {
    const file = model(
      [node("Max", ["x", "low"], "m"), node("MatMul", ["m", "w"], "y")],
      [weights("w", [4, 5]), weights("low", [4])],
      17,
      { input: [port("x", ["batch", 4])] },
    );
    const columns = [NUMBERS, LABELS];
    expect(() => onnxGraphs(training({ file }), columns)).toThrow(/cannot judge in strict[\s\S]*\/Max\.max/);
    expect(() => onnxGraphs(training({ file, profile: "tolerant" }), columns)).not.toThrow();
  });

  test.each<[string, Partial<OnnxTraining>, DatasetColumn[], new (...args: never[]) => Error, RegExp]>([
    ["a dataset without targets", {}, [IMAGES], ModelFileError, /tensors x and a target, got x/],
    ["a dataset for another input", {}, [column("image", "float32", 1, 4, 3), LABELS], ModelFileError, /image, labels/],
    ["nothing", {}, [], ModelFileError, /tensors x and a target/],
    ["rows of another shape", {}, [column("x", "float32", 12), LABELS], RowsError, /rows of x: expected \[1,4,3\]/],
    [
      "a batch that is fixed in the file",
      { file: linear(5, [], port("x", [2, 4])) },
      [NUMBERS, LABELS],
      ModelFileError,
      /symbolic first dimension, the batch, got float32\[2,4\]/,
    ],
    [
      "fractions where the model takes ids",
      { file: languageModel },
      [column("ids", "float32", 4), column("next", "uint8", 4)],
      RowsError,
      /rows of ids: expected int64, as the model's, got float32/,
    ],
    [
      "labels that are no whole numbers",
      {},
      [IMAGES, column("t", "float32")],
      TargetError,
      /whole numbers of shape \[4\]/,
    ],
    ["labels per class", {}, [IMAGES, column("t", "uint8", 5)], TargetError, /got uint8\[4,5\]/],
    ["one class", { file: linear(1) }, [NUMBERS, LABELS], TargetError, /2 classes or more/],
    [
      "numbers of another shape",
      { file: linear(3), loss: { kind: "mse" } },
      [NUMBERS, column("t", "float32", 2)],
      TargetError,
      /shape \[4,3\]/,
    ],
    [
      "an output it does not have",
      { output: "logits" },
      [IMAGES, LABELS],
      ModelFileError,
      /an output among y, got logits/,
    ],
    [
      "no weights",
      { file: model([node("Relu", ["x"], "y")], []) },
      [IMAGES, LABELS],
      ModelFileError,
      /float32 initializers/,
    ],
    [
      "an answer longer than a contract may be given",
      { file: linear(257) },
      [NUMBERS, LABELS],
      ModelFileError,
      /at most 1024 bytes for one row, got float32\[1,257\]/,
    ],
    [
      "a schedule that ends before it starts",
      {
        optimizer: {
          kind: "sgd",
          learningRate: 1,
          schedule: { kind: "linear", warmupSteps: 2, totalSteps: 2, floor: 0 },
        },
      },
      [IMAGES, LABELS],
      GradientError,
      /warmupSteps/,
    ],
  ])("%s", (_, changes, columns, error, message) => {
    expect(() => onnxGraphs(training(changes), columns)).toThrow(error);
    expect(() => onnxGraphs(training(changes), columns)).toThrow(message);
  });

  test("a model of two inputs, since a contract asks with one", () => {
    const file = model([node("Add", ["x", "z"], "s"), node("MatMul", ["s", "w"], "y")], [weights("w", [4, 5])], 17, {
      input: [port("x", ["batch", 4]), port("z", ["batch", 4])],
    });
    expect(() => onnxGraphs(training({ file }), [NUMBERS, column("z", "float32", 4), LABELS])).toThrow(/one input/);
  });
});

/** Losses of a few steps on one batch, and the state they end in. */
function trained(graph: Graph, start: readonly Tensor[], batch: readonly Tensor[], steps: number) {
  let state = start;
  const losses: number[] = [];
  for (let t = 0; t < steps; t++) {
    const values = evaluate(graph, state, batch);
    losses.push(values[graph.loss!]!.data[0] as number);
    state = graph.stateOutputs.map((id) => values[id]!);
  }
  return { losses, state };
}

const starts = (graphs: ReturnType<typeof onnxGraphs>) => graphs.train.state.map(({ start }) => start);
const counted = (graph: Graph, model: readonly Tensor[], batch: readonly Tensor[]): number =>
  evaluate(graph, stateFromModel(graph, model), batch)[graph.stateOutputs.at(-1)!]!.data[0] as number;

describe("a classifier that ends in Softmax", () => {
  const graphs = onnxGraphs(training(), [IMAGES, LABELS]);
  const batch: Tensor[] = [
    randomTensor(random, "float32", [4, 1, 4, 3]),
    { dtype: "uint8", shape: [4], data: Uint8Array.of(0, 4, 2, 1) },
  ];

  test("loses the logarithm of the probability it gives, by onnxruntime", async () => {
    const session = await InferenceSession.create(classifier);
    const { y } = await session.run({ x: new OrtTensor("float32", batch[0]!.data as Float32Array, [4, 1, 4, 3]) });
    await session.release();
    const given = [0, 4, 2, 1].map((label, row) => Math.log(y!.data[5 * row + label] as number));
    const { losses } = trained(graphs.train.graph, starts(graphs), batch, 1);
    expect(losses[0]).toBeCloseTo(-given.reduce((a, b) => a + b, 0) / 4, 5);
  });

  test("learns; its evaluation counts; its weights, written as ONNX, give what it gives", async () => {
    const { losses, state } = trained(graphs.train.graph, starts(graphs), batch, 60);
    expect(losses.at(-1)).toBeLessThan(0.2);
    const ten = (tensor: Tensor): Tensor => randomTensor(random, "float32", [10, ...tensor.shape.slice(1)]);
    const wide = [ten(batch[0]!), zeros({ dtype: "uint8", shape: [10] })] as const;
    (wide[0].data as Float32Array).set(batch[0]!.data as Float32Array);
    (wide[1].data as Uint8Array).set(batch[1]!.data as Uint8Array);
    const right = counted(graphs.evaluate!, state, wide);
    expect(right).toBeGreaterThanOrEqual(4);

    const file = toOnnxWithWeights(graphs.infer, stateFromModel(graphs.infer, state));
    const session = await InferenceSession.create(file);
    let found = 0;
    for (let row = 0; row < 10; row++) {
      const x = (wide[0].data as Float32Array).slice(12 * row, 12 * row + 12);
      const { y } = await session.run({ x: new OrtTensor("float32", x, [1, 1, 4, 3]) });
      const scores = Array.from(y!.data as Float32Array);
      expect(scores.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      if (scores.indexOf(Math.max(...scores)) === wide[1].data[row]) found++;
    }
    await session.release();
    expect(found).toBe(right);
  });
});

test("pixels stay bytes in the dataset: the graphs convert and scale them", () => {
  const [own, given] = [column("x", "uint8", 4), NUMBERS];
  const file = linear(5);
  const scaled = onnxGraphs(training({ file, scale: 1 / 255 }), [own, LABELS]);
  const plain = onnxGraphs(training({ file }), [given, LABELS]);
  const pixels = randomTensor(random, "uint8", [4, 4], 0, 256);
  const floats = float32(
    [4, 4],
    Float32Array.from(pixels.data as Uint8Array, (byte) => byte * Math.fround(1 / 255)),
  );
  const labels: Tensor = { dtype: "uint8", shape: [4], data: Uint8Array.of(3, 1, 0, 4) };
  const [a, b] = [
    trained(scaled.train.graph, starts(scaled), [pixels, labels], 3),
    trained(plain.train.graph, starts(plain), [floats, labels], 3),
  ];
  expect(a).toEqual(b);
  expect(valueAt(scaled.infer, scaled.infer.batchInputs[0]!)).toMatchObject({
    name: "x",
    dtype: "uint8",
    shape: [1, 4],
  });
});

test("a language model is scored at every position, ignored labels left out", () => {
  const columns = [column("ids", "uint8", 5), column("next", "int32", 5)];
  const spec = training({ file: languageModel, loss: { kind: "ce", ignored: -100 }, dimensions: { positions: 5 } });
  // One row's answer, [1, 5, 9], is 180 bytes.
  const graphs = onnxGraphs(spec, columns);
  const ids = randomTensor(random, "uint8", [4, 5], 0, 9);
  const next: Tensor = {
    dtype: "int32",
    shape: [4, 5],
    data: Int32Array.from(ids.data as Uint8Array, (id) => (id + 1) % 9),
  };
  (next.data as Int32Array).fill(-100, 15);
  const { losses, state } = trained(graphs.train.graph, starts(graphs), [ids, next], 80);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 4);
  const ten = [ids, next].map((tensor) => ({
    ...tensor,
    shape: [10, 5],
    data:
      (tensor.data as Uint8Array).constructor === Uint8Array
        ? Uint8Array.from({ length: 50 }, (_, i) => tensor.data[i % 15] as number)
        : Int32Array.from({ length: 50 }, (_, i) => tensor.data[i % 15] as number),
  }));
  expect(counted(graphs.evaluate!, state, ten)).toBe(50);
});

test("of a language model a contract may be told what follows the last position alone", () => {
  const [columns, spec] = [
    [column("ids", "uint8", 5), column("next", "uint8", 5)],
    training({ file: languageModel, dimensions: { positions: 5 }, lastPosition: true }),
  ];
  const { train, infer } = onnxGraphs(spec, columns);
  const ids: Tensor = { dtype: "uint8", shape: [1, 5], data: Uint8Array.of(3, 1, 4, 1, 5) };
  const state = train.state.map(({ start }) => start);
  const of = (graph: Graph) => evaluate(graph, stateFromModel(graph, state), [ids])[graph.stateOutputs[0]!]!;
  const whole = of(onnxGraphs({ ...spec, lastPosition: false }, columns).infer);
  expect([whole.shape, of(infer).shape]).toEqual([
    [1, 5, 9],
    [1, 9],
  ]);
  expect(of(infer).data).toEqual(whole.data.slice(4 * 9));
  expect(() => onnxGraphs(training({ lastPosition: true }), [IMAGES, LABELS])).toThrow(/rows, positions and more/);
});

describe.each([
  ["that ends in Sigmoid", ["Sigmoid"]],
  ["of scores", []],
] as const)("bce of a network %s", (_, ends) => {
  test("gives one loss and counts the rows in which every score is on its side", () => {
    const spec = training({
      file: linear(2, ends),
      loss: { kind: "bce" },
      optimizer: { kind: "momentum", learningRate: 1, momentum: 0.9 },
    });
    const graphs = onnxGraphs(spec, [NUMBERS, column("t", "uint8", 2)]);
    const x = randomTensor(random, "float32", [4, 4]);
    const t: Tensor = { dtype: "uint8", shape: [4, 2], data: Uint8Array.of(0, 1, 1, 1, 0, 0, 1, 0) };
    const { losses, state } = trained(graphs.train.graph, starts(graphs), [x, t], 200);
    expect(losses.at(-1)).toBeLessThan(0.1);
    const repeat = (tensor: Tensor, flipped = -1): Tensor => {
      const width = tensor.shape[1]!;
      const values = Array.from({ length: 10 * width }, (_, i) => tensor.data[i % (4 * width)] as number);
      if (flipped >= 0) values[flipped] = 1 - values[flipped]!;
      return {
        ...tensor,
        shape: [10, width],
        data: tensor.dtype === "uint8" ? Uint8Array.from(values) : Float32Array.from(values),
      };
    };
    expect(counted(graphs.evaluate!, state, [repeat(x), repeat(t)])).toBe(10);
    expect(counted(graphs.evaluate!, state, [repeat(x), repeat(t, 3)])).toBe(9);
  });
});

test("mse takes [rows] for [rows, 1]; nothing is right or wrong, so there is no evaluation", () => {
  const graphs = onnxGraphs(
    training({
      file: linear(1),
      loss: { kind: "mse" },
      optimizer: { kind: "adam", learningRate: 0.05, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    }),
    [NUMBERS, column("t", "float32")],
  );
  expect(graphs.evaluate).toBeNull();
  const x = randomTensor(random, "float32", [4, 4]);
  const { losses } = trained(graphs.train.graph, starts(graphs), [x, float32([4], [1, -1, 0.5, 2])], 200);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 10);
});

test("names of the file's own that a graph wants as well are no hindrance", () => {
  const file = model(
    [node("MatMul", ["y_in", "loss"], "m"), node("Add", ["m", "correct"], "y")],
    [weights("loss", [4, 3]), weights("correct", [3])],
    17,
    { input: [port("y_in", ["batch", 4])] },
  );
  const { train, evaluate: evaluation } = onnxGraphs(training({ file }), [column("y_in", "float32", 4), LABELS]);
  expect(train.state.map(({ name }) => name)).toEqual(["loss", "correct"]);
  expect(valueAt(train.graph, train.graph.loss!).name).toBe("loss_");
  expect(evaluation!.stateInputs.map(({ value }) => valueAt(evaluation!, value).name)).toEqual([
    "loss",
    "correct",
    "correct_",
  ]);
});
