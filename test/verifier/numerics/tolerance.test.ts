import { describe, expect, test } from "vitest";
import { kBlock, serialSum, strictDot } from "../../../verifier/numerics/dot.ts";
import { roundToFloat32 } from "../../../verifier/numerics/dyadic.ts";
import {
  equalTolerance,
  erfTolerance,
  expTolerance,
  logTolerance,
  roundedTolerance,
  sigmoidTolerance,
  tanhTolerance,
} from "../../../verifier/numerics/elementwise.ts";
import { dotTolerance, exactDot, exactSum, gemmAdditions } from "../../../verifier/numerics/exact-dot.ts";
import { FLOAT32_MAX, FLOAT32_MIN_DENORMAL, fromBits, nextUp } from "../../../verifier/numerics/float32.ts";
import { accepts, lieByTolerance, type Tolerance } from "../../../verifier/numerics/tolerance.ts";
import { OPERAND_KINDS, operands, randomBits } from "./random.ts";
import { runOp, SESSION_OPTIONS } from "./run-op.ts";

function expectLiesJudged(tolerance: Tolerance): void {
  if (!Number.isFinite(roundToFloat32(tolerance.low, tolerance.denominator))) return;
  for (const factor of [1.001, 2, 10]) {
    const lie = lieByTolerance(tolerance, factor)!;
    if (Number.isFinite(lie)) expect(accepts(tolerance, lie), `${factor} tolerances`).toBe(false);
  }
  for (const factor of [0.999, 0.5, 0]) {
    const lie = lieByTolerance(tolerance, factor);
    if (lie !== undefined) expect(accepts(tolerance, lie), `${factor} tolerances`).toBe(true);
  }
}

describe("no finite result is accepted", () => {
  test("for log of 0 or less, exp beyond the range, an overflowing sum or product", () => {
    for (const x of [0, -0, -1, -FLOAT32_MAX]) expect(logTolerance(x)).toBeUndefined();
    expect(expTolerance(128)).toBeUndefined();
    expect(accepts(expTolerance(89), FLOAT32_MAX)).toBe(false);
    expect(accepts(roundedTolerance(Infinity), FLOAT32_MAX)).toBe(false);
    const huge = exactDot(
      2,
      () => 2 ** 100,
      () => 2 ** 100,
    );
    expect(dotTolerance(huge, { length: 2, additions: 2 })).toBeUndefined();
  });
  test("infinities and NaN never", () => {
    for (const y of [Infinity, -Infinity, NaN]) expect(accepts(equalTolerance(1), y)).toBe(false);
  });
});

describe("exact results", () => {
  test("equality accepts the other zero and nothing else", () => {
    expect(accepts(equalTolerance(0), -0)).toBe(true);
    expect(accepts(equalTolerance(0), FLOAT32_MIN_DENORMAL)).toBe(false);
    expect(accepts(equalTolerance(1), nextUp(1))).toBe(false);
    expect(lieByTolerance(equalTolerance(1)!, 2)).toBe(nextUp(1));
    expect(lieByTolerance(equalTolerance(1)!, 0.5)).toBeUndefined();
  });
  test("correct rounding accepts 2^-149 of deviation: one step among denormals, none elsewhere", () => {
    expect(accepts(roundedTolerance(0), FLOAT32_MIN_DENORMAL)).toBe(true);
    expect(accepts(roundedTolerance(0), 2 * FLOAT32_MIN_DENORMAL)).toBe(false);
    expect(accepts(roundedTolerance(1), nextUp(1))).toBe(false);
    for (const x of [1, -3.5, 0, 2 ** -140, FLOAT32_MAX]) expectLiesJudged(roundedTolerance(x)!);
  });
});

describe("elementwise functions: the runtime is accepted, lies are judged", () => {
  const bits = randomBits(21);
  const anyBits = Float32Array.from({ length: 1024 }, () => {
    const value = bits();
    return fromBits(((value >>> 23) & 0xff) === 0xff ? (value & 0xbfffffff) >>> 0 : value);
  });
  const moderate = operands("gaussian", 1024, 22).map((x) => x * 8);
  const edges = Float32Array.from([
    0,
    -0,
    1,
    nextUp(1),
    0.99999994,
    2 ** -149,
    2 ** -126,
    88.7,
    88.72283,
    -87.3,
    -103.2,
    -104,
    -120,
    -128,
    FLOAT32_MAX,
  ]);
  for (const [op, tolerance] of [
    ["Exp", expTolerance],
    ["Log", logTolerance],
    ["Tanh", tanhTolerance],
    ["Sigmoid", sigmoidTolerance],
    ["Erf", erfTolerance],
  ] as const) {
    for (const [name, inputs] of [
      ["any bits", anyBits],
      ["gaussian", moderate],
      ["edges", edges],
    ] as const) {
      test(`${op} on ${name}`, async () => {
        const outputs = await runOp(op, [{ data: inputs, dims: [inputs.length] }]);
        for (const [i, x] of inputs.entries()) {
          if (!Number.isFinite(outputs[i]!)) continue;
          expect(accepts(tolerance(x), outputs[i]!), `${op}(${x}) = ${outputs[i]}`).toBe(true);
          expectLiesJudged(tolerance(x)!);
        }
      });
    }
  }
});

describe("dot products and sums", () => {
  for (const kind of OPERAND_KINDS) {
    test(`any legal order is accepted, lies are judged: ${kind}`, () => {
      for (const [length, n] of [
        [1, 4],
        [7, 4],
        [128, 10],
        [784, 128],
        [2048, 10],
      ] as const) {
        const a = operands(kind, length, 31);
        const b = operands(kind === "any-bits" ? "gaussian" : kind, length, 32);
        const bias = operands("gaussian", 1, 33)[0]!;
        const tolerance = dotTolerance(
          exactDot(
            length,
            (k) => a[k]!,
            (k) => b[k]!,
            bias,
          ),
          { length, additions: gemmAdditions(length) },
        );
        const blocks = [kBlock({ n, k: length, transA: false, prepacked: false }), 16, 1024];
        for (const block of blocks) {
          const y = strictDot({ length, a: (k) => a[k]!, b: (k) => b[k]!, kBlock: block, bias });
          if (Number.isFinite(y)) expect(accepts(tolerance, y)).toBe(true);
        }
        if (tolerance !== undefined) expectLiesJudged(tolerance);
        const sum = dotTolerance(
          exactSum(length, (k) => a[k]!),
          { length, additions: length },
        );
        const y = serialSum(length, (k) => a[k]!);
        if (Number.isFinite(y)) expect(accepts(sum, y)).toBe(true);
        if (sum !== undefined) expectLiesJudged(sum);
      }
    });
  }
  test("the runtime's Gemm is accepted on two threads, and one ulp is told from the exact value", async () => {
    const [m, k, n] = [100, 784, 128];
    const a = operands("one-sign", m * k, 41);
    const b = operands("gaussian", k * n, 42);
    const y = await runOp(
      "Gemm",
      [
        { data: a, dims: [m, k] },
        { data: b, dims: [k, n] },
      ],
      {},
      { ...SESSION_OPTIONS, intraOpNumThreads: 2 },
    );
    for (let element = 0; element < m * n; element += 997) {
      const [row, column] = [Math.floor(element / n), element % n];
      const exact = exactDot(
        k,
        (i) => a[row * k + i]!,
        (i) => b[i * n + column]!,
      );
      const tolerance = dotTolerance(exact, { length: k, additions: gemmAdditions(k) });
      expect(accepts(tolerance, y[element]!)).toBe(true);
      expect(accepts(tolerance, roundToFloat32(exact.sum))).toBe(true);
    }
  });
  test("of nothing is its bias", () => {
    const tolerance = dotTolerance(
      exactDot(
        0,
        () => 0,
        () => 0,
        1.5,
      ),
      { length: 0, additions: 0 },
    )!;
    expect(accepts(tolerance, 1.5)).toBe(true);
    expect(accepts(tolerance, 1.500001)).toBe(false);
  });
  test("refuse infinite operands", () => {
    expect(() =>
      exactDot(
        1,
        () => Infinity,
        () => 1,
      ),
    ).toThrow(RangeError);
  });
});
