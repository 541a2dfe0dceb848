import { describe, expect, test } from "vitest";
import { gradients } from "../../../verifier/autodiff/backward.ts";
import { GradientError } from "../../../verifier/autodiff/errors.ts";
import {
  binaryCrossEntropy,
  maskedCrossEntropy,
  meanSquaredError,
  softmaxCrossEntropy,
} from "../../../verifier/autodiff/loss.ts";
import { batchInput, emit, stateInput } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { OpName } from "../../../verifier/graph/graph.ts";
import { isUnique } from "../../../verifier/model/placement.ts";
import { clip, gelu, geluTanh, power, silu, softplus, swiglu, wholePower } from "../../../verifier/ops/activations.ts";
import { causalAttention } from "../../../verifier/ops/attention.ts";
import {
  add,
  div,
  exp,
  expand,
  mul,
  relu,
  reshape,
  scalar,
  sliceAxis,
  sub,
  transpose,
} from "../../../verifier/ops/build.ts";
import { embedding, linear } from "../../../verifier/ops/embedding.ts";
import { groupNorm, layerNorm, rmsNorm } from "../../../verifier/ops/normalize.ts";
import { product } from "../../../verifier/ops/product.ts";
import { rotary } from "../../../verifier/ops/rotary.ts";
import { logSoftmax, softmax } from "../../../verifier/ops/softmax.ts";
import { rowSum, sumOver, total } from "../../../verifier/ops/sums.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import type { Shape, Tensor } from "../../../verifier/tensor/tensor.ts";
import { type Build, gradientError } from "../../support/gradient-error.ts";

const unary =
  (op: OpName): Build =>
  (draft, [x]) =>
    emit(draft, op, [x!]);
const binary =
  (op: OpName): Build =>
  (draft, [a, b]) =>
    emit(draft, op, [a!, b!]);
const labels: Tensor = { dtype: "uint8", shape: [5], data: Uint8Array.of(0, 3, 1, 1, 2) };
const tokens: Tensor = { dtype: "uint8", shape: [2, 3], data: Uint8Array.of(1, 4, 0, 4, 4, 2) };
const indices: Tensor = { dtype: "int64", shape: [4], data: BigInt64Array.of(2n, 0n, 2n, 1n) };

describe("errors", () => {
  test("a loss that is no scalar is refused", () => {
    const draft = newDraft();
    const p = stateInput(draft, "p", { dtype: "float32", shape: [2] });
    expect(() => gradients(draft, relu(draft, p), [p])).toThrow(GradientError);
  });
});

describe("each gradient agrees with finite differences along a random direction", () => {
  const cases: [name: string, shapes: Shape[], build: Build, batch?: Tensor[]][] = [
    ["add, broadcast over leading axes", [[3, 4], [4]], binary("Add")],
    [
      "sub, broadcast over an inner axis",
      [
        [3, 1],
        [3, 4],
      ],
      binary("Sub"),
    ],
    ["mul with a scalar", [[], [2, 3]], binary("Mul")],
    [
      "mul, both broadcast",
      [
        [4, 1],
        [1, 3],
      ],
      binary("Mul"),
    ],
    ["max", [[3, 4], [4]], binary("Max")],
    [
      "min",
      [
        [3, 4],
        [3, 1],
      ],
      binary("Min"),
    ],
    ["neg", [[5]], unary("Neg")],
    ["abs", [[5]], unary("Abs")],
    ["relu", [[4, 4]], unary("Relu")],
    ["exp", [[5]], unary("Exp")],
    ["tanh", [[5]], unary("Tanh")],
    ["sigmoid", [[5]], unary("Sigmoid")],
    ["erf", [[5]], unary("Erf")],
    ["gemm", [[3, 4], [4, 5], [5]], (d, [a, b, c]) => emit(d, "Gemm", [a!, b!, c!], { transA: 0, transB: 0 })],
    [
      "gemm, A transposed",
      [
        [4, 3],
        [4, 5],
      ],
      (d, [a, b]) => emit(d, "Gemm", [a!, b!], { transA: 1, transB: 0 }),
    ],
    [
      "gemm, B transposed",
      [
        [3, 4],
        [5, 4],
      ],
      (d, [a, b]) => emit(d, "Gemm", [a!, b!], { transA: 0, transB: 1 }),
    ],
    [
      "gemm, both transposed",
      [
        [4, 3],
        [5, 4],
      ],
      (d, [a, b]) => emit(d, "Gemm", [a!, b!], { transA: 1, transB: 1 }),
    ],
    [
      "product of one row",
      [
        [1, 4],
        [4, 3],
      ],
      (d, [a, b]) => product(d, { a: a!, b: b! }),
    ],
    [
      "product of one column",
      [
        [3, 4],
        [4, 1],
      ],
      (d, [a, b]) => product(d, { a: a!, b: b! }),
    ],
    [
      "matmul, batched and broadcast",
      [
        [2, 3, 4],
        [4, 5],
      ],
      binary("MatMul"),
    ],
    ["row sum", [[3, 4]], (d, [x]) => rowSum(d, x!)],
    ["sum over a middle axis", [[2, 3, 4]], (d, [x]) => sumOver(d, x!, [1])],
    ["sum over leading axes", [[2, 3, 4]], (d, [x]) => sumOver(d, x!, [0, 1])],
    ["max over the last axis", [[3, 4]], (d, [x]) => emit(d, "ReduceMax", [x!], { axes: [1], keepdims: 1 })],
    ["transpose", [[2, 3, 4]], (d, [x]) => transpose(d, x!, [1, 2, 0])],
    ["reshape", [[2, 6]], (d, [x]) => reshape(d, x!, [3, 4])],
    ["slice", [[4, 5]], (d, [x]) => sliceAxis(d, x!, 1, 1, 4)],
    [
      "concat",
      [
        [2, 3],
        [2, 1],
      ],
      (d, [a, b]) => emit(d, "Concat", [a!, b!], { axis: 1 }),
    ],
    ["gather, a row taken twice", [[3, 2]], (d, [x], [i]) => emit(d, "Gather", [x!, i!], { axis: 0 }), [indices]],
    [
      "gather elements",
      [[3, 2]],
      (d, [x], [i]) => emit(d, "GatherElements", [x!, i!], { axis: 0 }),
      [{ dtype: "int64", shape: [3, 2], data: BigInt64Array.of(2n, 0n, 2n, 1n, 0n, 0n) }],
    ],
    [
      "scatter-add",
      [
        [3, 2],
        [3, 2],
      ],
      (d, [x, updates], [i]) => emit(d, "ScatterElements", [x!, i!, updates!], { axis: 0 }),
      [{ dtype: "int64", shape: [3, 2], data: BigInt64Array.of(2n, 0n, 2n, 1n, 0n, 0n) }],
    ],
    ["expand", [[3, 1]], (d, [x]) => expand(d, x!, [2, 3, 4])],
    ["softmax", [[3, 5]], (d, [x]) => softmax(d, x!)],
    ["log-softmax", [[3, 5]], (d, [x]) => logSoftmax(d, x!)],
    ["cross-entropy", [[5, 4]], (d, [x], [y]) => softmaxCrossEntropy(d, x!, y!), [labels]],
    [
      "cross-entropy, two labels ignored",
      [[5, 4]],
      (d, [x], [y]) => maskedCrossEntropy(d, x!, y!, 1),
      [{ ...labels, data: Uint8Array.of(0, 3, 1, 255, 2) }],
    ],
    ["gelu", [[7]], (d, [x]) => gelu(d, x!)],
    ["gelu by tanh", [[7]], (d, [x]) => geluTanh(d, x!)],
    ["silu", [[7]], (d, [x]) => silu(d, x!)],
    ["swiglu", [[7], [7]], (d, [a, b]) => swiglu(d, a!, b!)],
    ["softplus", [[7]], (d, [x]) => softplus(d, x!)],
    ["clip", [[9]], (d, [x]) => clip(d, x!, scalar(d, -0.5), scalar(d, 0.5))],
    ["a whole power", [[5]], (d, [x]) => wholePower(d, x!, 5)],
    ["layer norm", [[3, 6], [6], [6]], (d, [x, s, b]) => layerNorm(d, x!, s!, b!)],
    ["root mean square norm", [[3, 6], [6]], (d, [x, s]) => rmsNorm(d, x!, s!)],
    [
      "group norm",
      [[2, 4, 3], [4], [4]],
      (d, [x, scale, bias]) => groupNorm(d, x!, { groups: 2, scale: scale!, bias: bias! }),
    ],
    ["rotary", [[2, 3, 4]], (d, [x]) => rotary(d, x!)],
    ["embedding, ids of two axes", [[5, 3]], (d, [x], [ids]) => embedding(d, x!, ids!), [tokens]],
    [
      "causal attention",
      [
        [2, 3, 4],
        [2, 3, 4],
        [2, 3, 4],
      ],
      (d, [q, k, v]) => causalAttention(d, [q!, k!, v!], { heads: 2 }),
    ],
    [
      "causal attention, rotary",
      [
        [2, 3, 4],
        [2, 3, 4],
        [2, 3, 4],
      ],
      (d, [q, k, v]) => causalAttention(d, [q!, k!, v!], { heads: 2, rotaryBase: 10_000 }),
    ],
    [
      "a table shared by the embedding and the scores",
      [[5, 4]],
      (d, [table], [ids]) => linear(d, embedding(d, table!, ids!), table!, { transB: true }),
      [tokens],
    ],
    [
      "matmul of four axes",
      [
        [2, 3, 4, 5],
        [2, 3, 5, 2],
      ],
      binary("MatMul"),
    ],
    [
      "binary cross-entropy",
      [[3, 4]],
      (d, [x], [t]) => binaryCrossEntropy(d, mul(d, x!, scalar(d, 5)), t!),
      [{ dtype: "float32", shape: [3, 4], data: Float32Array.of(0, 1, 0.5, 1, 0.25, 0, 1, 1, 0, 0, 1, 0.75) }],
    ],
    [
      "mean squared error",
      [
        [3, 2],
        [3, 2],
      ],
      (d, [a, b]) => meanSquaredError(d, a!, b!),
    ],
    ["a value used three times", [[3]], (d, [x]) => add(d, mul(d, x!, x!), exp(d, x!))],
    [
      "a weight shared by two layers",
      [[3, 3]],
      (d, [w]) => product(d, { a: relu(d, product(d, { a: w!, b: w! })), b: w! }),
    ],
    ["a scalar parameter", [[]], (d, [x]) => sub(d, scalar(d, 1), mul(d, x!, x!))],
  ];
  test.each(cases)("%s", (_, shapes, build, batch) => {
    expect(gradientError(shapes, build, batch)).toBeLessThan(1e-6);
  });

  test.each([
    ["div", [[3, 4], [4]] as Shape[], binary("Div")],
    ["a real power", [[5], [5]] as Shape[], ((d, [x, y]) => power(d, x!, y!)) as Build],
    ["sqrt", [[5]] as Shape[], unary("Sqrt")],
    ["log", [[5]] as Shape[], unary("Log")],
    ["normalised rows", [[3, 4]] as Shape[], ((d, [x]) => div(d, x!, rowSum(d, x!))) as Build],
  ])("%s, of positive operands", (_, shapes, build) => {
    expect(gradientError(shapes, build, [], 0.5, 2)).toBeLessThan(1e-6);
  });
});

test("a parameter the loss does not depend on gets zeros", () => {
  const draft = newDraft();
  const used = stateInput(draft, "used", { dtype: "float32", shape: [2] });
  const idle = stateInput(draft, "idle", { dtype: "float32", shape: [3] });
  const loss = total(draft, mul(draft, used, used));
  const graph = finish(draft, { kind: "train", stateOutputs: gradients(draft, loss, [used, idle]), loss });
  const at = [Float32Array.of(1, 2), Float32Array.of(3, 4, 5)].map((data) => ({
    dtype: "float32" as const,
    shape: [data.length],
    data,
  }));
  const values = evaluate(graph, at, []);
  expect(Array.from(values[graph.stateOutputs[0]!]!.data as Float32Array)).toEqual([2, 4]);
  expect(Array.from(values[graph.stateOutputs[1]!]!.data as Float32Array)).toEqual([0, 0, 0]);
});

test("an empty tensor has an empty gradient", () => {
  const draft = newDraft();
  const p = stateInput(draft, "p", { dtype: "float32", shape: [0, 3] });
  const loss = total(draft, mul(draft, p, p));
  const graph = finish(draft, { kind: "train", stateOutputs: gradients(draft, loss, [p]), loss });
  const values = evaluate(graph, [{ dtype: "float32", shape: [0, 3], data: new Float32Array(0) }], []);
  expect(values[graph.stateOutputs[0]!]!.data).toHaveLength(0);
  expect(values[graph.loss!]!.data[0]).toBe(0);
});

test("binary cross-entropy keeps the gradient exact, and large logits finite", () => {
  const draft = newDraft();
  const logits = stateInput(draft, "logits", { dtype: "float32", shape: [4] });
  const targets = batchInput(draft, "targets", { dtype: "float32", shape: [4] });
  const loss = binaryCrossEntropy(draft, logits, targets);
  const graph = finish(draft, { kind: "train", stateOutputs: gradients(draft, loss, [logits]), loss });
  expect(isUnique(graph)).toBe(true);
  const of = (...data: number[]): Tensor => ({ dtype: "float32", shape: [4], data: Float32Array.from(data) });
  const values = evaluate(graph, [of(200, -200, 200, 0)], [of(1, 0, 0, 1)]);
  expect(values[graph.loss!]!.data[0]).toBeCloseTo((200 + Math.log(2)) / 4, 5);
  expect(Array.from(values[graph.stateOutputs[0]!]!.data as Float32Array)).toEqual([0, 0, 0.25, -0.125]);
});
