import { beforeAll, describe, expect, test } from "vitest";
import { batchInput, emit } from "../../../verifier/graph/draft.ts";
import { finish } from "../../../verifier/graph/finish.ts";
import type { Attributes, OpName } from "../../../verifier/graph/graph.ts";
import { newDraft } from "../../../verifier/ops/table.ts";
import { checkHost } from "../../../verifier/runtime/host.ts";
import { onnxRuntime } from "../../../verifier/runtime/onnxruntime.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { dtypes, float32, type Tensor } from "../../../verifier/tensor/tensor.ts";
import { hexOf, randomTensor, uniform } from "../../support/tensors.ts";

const runtime = onnxRuntime({ threads: 1 });
const random = uniform(7);
const floats = (...shape: number[]) => randomTensor(random, "float32", shape, -4, 4);
const positive = (...shape: number[]) => randomTensor(random, "float32", shape, 1e-3, 9);
const bools = (...shape: number[]) => randomTensor(random, "bool", shape, 0, 2);
/** Zeros of both signs, denormals, the smallest normal, large values: where kernels cut corners. */
const edges = float32([14], [0, -0, 1e-45, -1e-45, 3e-39, -3e-39, 1.17549435e-38, 1, -1, 0.5, 1e38, -1e38, 88.5, -104]);
const turned: Tensor = { ...edges, data: edges.data.slice().reverse() };

const limits = [2 ** 8, 2 ** 31, 2 ** 32, 2 ** 63, 2 ** 64, 3e38].flatMap((limit) => [limit, -limit]);
const beyond = (size: number): Tensor =>
  float32(
    [size],
    Array.from(
      { length: size },
      (_, i) => limits[(7 * i + size) % limits.length]! * [1, 1 - 2 ** -24, 1 + 2 ** -23][i % 3]!,
    ),
  );

type Case = [op: OpName, inputs: Tensor[], attributes?: Attributes];

const exact: Case[] = [
  ...(["Add", "Sub", "Mul", "Div", "Max", "Min"] as const).flatMap((op): Case[] => [
    [op, [floats(3, 5), floats(3, 5)]],
    [op, [floats(3, 1), positive(5)]],
    [op, [floats(2, 3, 4), floats()]],
  ]),
  ...(["Add", "Sub", "Mul"] as const).map((op): Case => [op, [edges, turned]]),
  ...(["Neg", "Abs", "Relu", "Exp", "Tanh", "Sigmoid", "Erf"] as const).flatMap((op): Case[] => [
    [op, [floats(7, 9)]],
    [op, [edges]],
  ]),
  ["Sqrt", [positive(33)]],
  ...(["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"] as const).flatMap((op): Case[] => [
    [op, [edges, turned]],
    [op, [randomTensor(random, "int32", [4, 1], 0, 3), randomTensor(random, "int32", [3], 0, 3)]],
    [op, [randomTensor(random, "int64", [4], 0, 3), randomTensor(random, "int64", [2, 1], 0, 3)]],
  ]),
  ["And", [bools(8), bools(3, 1)]],
  ["Or", [bools(8), bools(3, 1)]],
  ["Not", [bools(9)]],
  ["Where", [bools(4, 1), floats(5), floats(4, 5)]],
  ["Where", [bools(14), edges, turned]],
  ["Cast", [randomTensor(random, "uint8", [40], 0, 256)], { to: dtypes.float32.code }],
  ["Cast", [randomTensor(random, "float32", [40], -90, 90)], { to: dtypes.int32.code }],
  ["Cast", [randomTensor(random, "float32", [40], -90, 90)], { to: dtypes.int64.code }],
  // Beyond the integers of the type, on both sides, and just within.
  ...(["int32", "int64", "uint8"] as const).flatMap((to): Case[] =>
    [1, 7, 16, 33, 1000].map((size) => ["Cast", [beyond(size)], { to: dtypes[to].code }]),
  ),
  ["Cast", [randomTensor(random, "int32", [40], 2 ** 24, 2 ** 31)], { to: dtypes.float32.code }],
  ["Cast", [randomTensor(random, "int64", [40], -(2 ** 40), 2 ** 40)], { to: dtypes.float32.code }],
  ["Cast", [randomTensor(random, "uint8", [9], 0, 3)], { to: dtypes.bool.code }],
  ["Cast", [bools(9)], { to: dtypes.float32.code }],
  // One Gemm per rule of the K block: 128, 256, 512, 1024, and both transposes
  ...[
    [3, 300, 5],
    [3, 1100, 5],
    [3, 600, 20],
    [3, 300, 40],
    [3, 300, 90],
    [2, 40, 70],
  ].flatMap(([m, k, n]): Case[] => [
    ["Gemm", [floats(m!, k!), floats(k!, n!), floats(n!)], { transA: 0, transB: 0 }],
    ["Gemm", [floats(k!, m!), floats(k!, n!)], { transA: 1, transB: 0 }],
    ["Gemm", [floats(m!, k!), floats(n!, k!), floats(m!, n!)], { transA: 0, transB: 1 }],
  ]),
  ["Gemm", [floats(300, 1), floats(300, 6), floats(6)], { transA: 1, transB: 0 }],
  ["Gemm", [floats(4, 300), floats(1, 300), floats(1)], { transA: 0, transB: 1 }],
  ["Gemm", [floats(300, 1), floats(1, 300)], { transA: 1, transB: 1 }],
  ["MatMul", [floats(4, 70), floats(70, 6)]],
  ["MatMul", [floats(2, 3, 4, 150), floats(3, 150, 6)]],
  ["MatMul", [floats(3, 5, 60), floats(60, 4)]],
  ["ReduceSum", [floats(50, 7)], { axes: [0], keepdims: 0 }],
  ["ReduceSum", [floats(6, 5, 7)], { axes: [0, 1], keepdims: 1 }],
  ["ReduceMax", [floats(6, 10)], { axes: [1], keepdims: 1 }],
  ["ReduceMax", [floats(6, 10)], { axes: [0], keepdims: 0 }],
  ["ArgMax", [float32([3, 4], [1, 3, 3, 2, -1, -1, -1, -2, 0, 0, 0, 9])], { axis: 1, keepdims: 0 }],
  ["ArgMax", [floats(4, 5, 3)], { axis: 1, keepdims: 1 }],
  ["Transpose", [floats(2, 3, 4)], { perm: [2, 0, 1] }],
  ["Reshape", [floats(4, 6)], { shape: [3, 1, 8] }],
  ["Slice", [floats(5, 7)], { starts: [1, 0], ends: [4, 7], steps: [1, 3] }],
  ["Concat", [floats(2, 3), floats(2, 1), floats(2, 4)], { axis: 1 }],
  ["Gather", [floats(5, 3), randomTensor(random, "int64", [2, 2], 0, 5)], { axis: 0 }],
  ["GatherElements", [floats(5, 3), randomTensor(random, "int64", [40, 3], 0, 5)], { axis: 0 }],
  ["ScatterElements", [floats(3, 4), randomTensor(random, "int64", [400, 4], 0, 3), floats(400, 4)], { axis: 0 }],
  ["Expand", [randomTensor(random, "int64", [3, 1], 0, 9)], { shape: [3, 4] }],
  ["Expand", [floats(3, 1)], { shape: [2, 3, 4] }],
];

/** Every case in one graph, so that one executor thread serves them all. */
async function runAll(cases: readonly Case[]): Promise<{ expected: Tensor[]; actual: readonly Tensor[] }> {
  const draft = newDraft();
  const inputs = cases.flatMap(([, operands]) => operands);
  const ids = inputs.map((input, i) => batchInput(draft, `input${i}`, input));
  let used = 0;
  const outputs = cases.map(([op, operands, attributes]) => {
    used += operands.length;
    return emit(draft, op, ids.slice(used - operands.length, used), attributes);
  });
  const graph = finish(draft, { kind: "infer", stateOutputs: outputs });
  const session = await runtime.open(graph);
  const actual = (await session.step([], inputs)).state;
  await session.close();
  const values = evaluate(graph, [], inputs);
  return { expected: graph.stateOutputs.map((id) => values[id]!), actual };
}

let results: Awaited<ReturnType<typeof runAll>>;
beforeAll(async () => {
  results = await runAll([...exact, ["Log", [positive(1000)]]]);
});

describe("the reference and onnxruntime agree bit for bit", () => {
  test.each(
    exact.map(([op, inputs, attributes], i) => ({
      i,
      op,
      shapes: inputs.map((x) => `[${x.shape}]`).join(" "),
      attributes,
    })),
  )("$op $shapes $attributes", ({ i }) => {
    expect(results.actual[i]!.shape).toEqual(results.expected[i]!.shape);
    expect(hexOf(results.actual[i]!)).toBe(hexOf(results.expected[i]!));
  });
});

test("Log is near, and no more is asked of it", () => {
  const [expected, actual] = [results.expected.at(-1)!, results.actual.at(-1)!];
  for (const [i, value] of (actual.data as Float32Array).entries()) {
    const right = expected.data[i] as number;
    expect(Math.abs(value - right)).toBeLessThanOrEqual(2 ** -22 * Math.abs(right) + 2 ** -30);
  }
});

test("this host passes its own check", async () => {
  await expect(checkHost(runtime)).resolves.toBeUndefined();
});
