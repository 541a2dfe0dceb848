import { describe, expect, test } from "vitest";
import { GradientError } from "../../../verifier/autodiff/errors.ts";
import type { Optimizer } from "../../../verifier/autodiff/optimizer.ts";
import { factorsOf } from "../../../verifier/autodiff/schedule.ts";
import { trainStep } from "../../../verifier/autodiff/train-step.ts";
import { add, mul } from "../../../verifier/ops/build.ts";
import { total } from "../../../verifier/ops/sums.ts";
import { evaluate } from "../../../verifier/runtime/reference.ts";
import { float32, type Tensor } from "../../../verifier/tensor/tensor.ts";

const adam = { learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };

/** Loss Σ w² + Σ b² over a matrix and a vector: the gradients are 2w and 2b. */
function run(optimizer: Optimizer, steps: number): number[][] {
  const start = [float32([2, 2], [1, -2, 3, 0.5]), float32([2], [0.25, -1])];
  const { graph, state } = trainStep(
    {
      parameters: start.map((tensor, i) => ({ name: `p${i}`, start: tensor })),
      batch: [],
      loss: (draft, [w, b]) => add(draft, total(draft, mul(draft, w!, w!)), total(draft, mul(draft, b!, b!))),
    },
    optimizer,
  );
  let current: readonly Tensor[] = state.map((item) => item.start);
  return Array.from({ length: steps }, () => {
    const values = evaluate(graph, current, []);
    current = graph.stateOutputs.map((id) => values[id]!);
    return current.slice(0, 2).flatMap(({ data }) => Array.from(data as Float32Array));
  });
}

const START = [1, -2, 3, 0.5, 0.25, -1];

describe("steps as written down in doubles", () => {
  test("adamw decays matrices, not vectors", () => {
    const weightDecay = 0.5;
    let p = [...START];
    const m = p.map(() => 0);
    const v = p.map(() => 0);
    for (const [t, actual] of run({ kind: "adamw", ...adam, weightDecay }, 5).entries()) {
      p = p.map((x, i) => {
        const g = 2 * x;
        m[i] = adam.beta1 * m[i]! + (1 - adam.beta1) * g;
        v[i] = adam.beta2 * v[i]! + (1 - adam.beta2) * g * g;
        const step =
          m[i]! / (1 - adam.beta1 ** (t + 1)) / (Math.sqrt(v[i]! / (1 - adam.beta2 ** (t + 1))) + adam.epsilon);
        return x * (i < 4 ? 1 - adam.learningRate * weightDecay : 1) - adam.learningRate * step;
      });
      for (const [i, x] of p.entries()) expect(actual[i]).toBeCloseTo(x, 5);
    }
  });

  test.each([
    { clipNorm: 1, factor: 1 / (2 * Math.hypot(...START)) },
    { clipNorm: 100, factor: 1 },
  ])("gradients of norm 7.8 clipped at $clipNorm", ({ clipNorm, factor }) => {
    const [actual] = run({ kind: "sgd", learningRate: 0.1, clipNorm }, 1);
    for (const [i, x] of START.entries()) expect(actual![i]).toBeCloseTo(x - 0.1 * 2 * x * factor, 6);
  });

  test("a schedule goes by the step and holds its last factor", () => {
    const steps = run({ kind: "sgd", learningRate: 0.1, schedule: { kind: "table", factors: [1, 0, 0.5] } }, 4);
    const expected = [0.8, 0.8, 0.8 * 0.9, 0.8 * 0.9 * 0.9];
    for (const [t, factor] of expected.entries()) expect(steps[t]![0]).toBeCloseTo(factor, 6);
  });
});

describe("schedules", () => {
  test("warm up to 1 and go down to the floor", () => {
    for (const kind of ["linear", "cosine"] as const) {
      const factors = factorsOf({ kind, warmupSteps: 4, totalSteps: 12, floor: 0.2 });
      expect(Array.from(factors.subarray(0, 5))).toEqual([0.25, 0.5, 0.75, 1, 1]);
      expect(factors[8]).toBeCloseTo(0.6, 6);
      expect(factors[12]).toBeCloseTo(0.2, 6);
      expect(factors).toHaveLength(13);
    }
    const [a, b] = (["linear", "cosine"] as const).map(
      (kind) => factorsOf({ kind, warmupSteps: 0, totalSteps: 3, floor: 0 })[1]!,
    );
    expect(a).toBeCloseTo(2 / 3, 6);
    expect(b).toBeCloseTo(0.75, 6);
  });
  test.each([
    ["ends before it is warm", { kind: "linear", warmupSteps: 5, totalSteps: 5, floor: 0 }],
    ["has no factor", { kind: "table", factors: [] }],
  ] as const)("one that %s is refused", (_, schedule) => {
    expect(() => run({ kind: "sgd", learningRate: 0.1, schedule }, 1)).toThrow(GradientError);
  });
});

test.each([
  { kind: "sgd", learningRate: 0.1 },
  { kind: "momentum", learningRate: 0.1, momentum: 0.9 },
  { kind: "adamw", ...adam, weightDecay: 0.1 },
] as const)("$kind keeps scalars scalar and empty tensors empty, scheduled and clipped", (rule) => {
  const { graph, state } = trainStep(
    {
      parameters: [
        { name: "scalar", start: float32([], [3]) },
        { name: "empty", start: float32([0, 2], []) },
      ],
      batch: [],
      loss: (draft, [s, e]) => add(draft, mul(draft, s!, s!), total(draft, mul(draft, e!, e!))),
    },
    { ...rule, clipNorm: 1, schedule: { kind: "table", factors: [1] } },
  );
  const values = evaluate(
    graph,
    state.map(({ start }) => start),
    [],
  );
  const [scalar, empty] = graph.stateOutputs.map((id) => values[id]!);
  expect(scalar!.shape).toEqual([]);
  expect(scalar!.data[0]).toBeLessThan(3);
  expect(empty!.shape).toEqual([0, 2]);
});
