import { readFileSync } from "node:fs";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { beforeAll, describe, expect, test } from "vitest";
import { strictDot } from "../../../verifier/numerics/dot.ts";
import type { Dyadic } from "../../../verifier/numerics/dyadic.ts";
import { erfExact, expExact, logExact, sigmoidExact, tanhExact } from "../../../verifier/numerics/exact.ts";
import { exactDot } from "../../../verifier/numerics/exact-dot.ts";
import { fromBits, INFINITY_BITS } from "../../../verifier/numerics/float32.ts";
import { createGasMeter, type GasMeter } from "../../support/gas-meter.ts";
import { readHarness } from "../../support/harness.ts";
import { type DotVector, dotVector, dotVectors, finiteBits } from "../../vectors/numeric/dot.ts";
import { type ElementwiseVectors, elementwiseVectors, FUNCTIONS } from "../../vectors/numeric/elementwise.ts";
import { OPERAND_KINDS } from "../../verifier/numerics/random.ts";

function stored<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../vectors/numeric/${name}`, import.meta.url), "utf8"));
}
const dots = stored<DotVector[]>("dot.json");
const elementwise = stored<ElementwiseVectors>("elementwise.json");

let contract: GasMeter;
beforeAll(async () => {
  contract = await createGasMeter(readHarness("numeric/harness/NumericHarness"));
});
const call = async <T>(name: string, ...args: unknown[]) => (await contract.call(name, args)).result as T;

/** Every result that is not finite is one outcome; −0 is +0. */
const outcome = (bits: number) =>
  (bits & INFINITY_BITS) === INFINITY_BITS ? INFINITY_BITS : bits === 0x80000000 ? 0 : bits;

describe("bad operands revert by name", () => {
  const infinity: Hex = "0x0000807f";
  const one: Hex = "0x0000803f";
  const order = { blockLength: 128n, alpha: 0x3f800000, beta: 0x3f800000, hasBias: false, bias: 0 };
  for (const [name, args, error] of [
    ["exactDot", [infinity, 0n, one, 0n, 1n], "OperandNotFinite"],
    ["exactDot", [one, 0n, "0x0000c0ff", 0n, 1n], "OperandNotFinite"],
    ["exactDot", [one, 0n, one, 1n, 1n], "OutOfBytes"],
    ["exactDot", [one, 5n, one, 0n, 0n], "OutOfBytes"],
    ["exactDot", [one, 0n, one, 0n, 8193n], "TooManyTerms"],
    ["strictDot", [infinity, 0n, one, 0n, 1n, order], "OperandNotFinite"],
    ["strictDot", [one, 0n, one, 0n, 2n, order], "OutOfBytes"],
    ["serialSum", [one, 1n, 1n, 0], "OutOfBytes"],
    ["serialSum", [one, 0n, 1n, INFINITY_BITS], "NotFinite"],
    ["fma", [[INFINITY_BITS], [0], [0]], "NotFinite"],
    ["fma", [[0], [0], [0xffc00000]], "NotFinite"],
    ["toInt", [INFINITY_BITS], "NotFinite"],
  ] as const) {
    test(`${name}(${JSON.stringify(args, (_, v) => (typeof v === "bigint" ? Number(v) : v))}): ${error}`, async () => {
      await expect(contract.call(name, args)).rejects.toMatchObject({ errorName: error });
    });
  }
  test("a value past the named range does no harm, even if it is not finite", async () => {
    const result = await call<{ overflows: boolean }>(
      "exactDot",
      `${one}${infinity.slice(2)}`,
      0n,
      `${one}${infinity.slice(2)}`,
      0n,
      1n,
    );
    expect(result.overflows).toBe(false);
    expect(await call("strictDot", `${one}${infinity.slice(2)}`, 0n, one, 0n, 1n, order)).toBe(0x3f800000);
  });
});

describe("vectors", () => {
  test("are those that TypeScript gives", () => {
    expect(dots).toEqual(dotVectors());
    expect(elementwise).toEqual(JSON.parse(JSON.stringify(elementwiseVectors())));
  });
  test("tell both verdicts of every function and kind", () => {
    for (let f = 0; f < FUNCTIONS.length; f++) {
      const verdicts = elementwise.verdicts.filter((v) => v.f === f).map((v) => v.accepted);
      expect([verdicts.includes(true), verdicts.includes(false)], FUNCTIONS[f]).toEqual([true, true]);
    }
    for (const kind of OPERAND_KINDS) {
      const verdicts = dots
        .filter((d) => d.kind === kind)
        .flatMap((d) => [...d.dotVerdicts, ...d.sumVerdicts].map(([, v]) => v));
      expect([verdicts.includes(true), verdicts.includes(false)], kind).toEqual([true, true]);
    }
  });
  test("arithmetic", async () => {
    const { arithmetic } = elementwise;
    const results = await call<number[][]>(
      "arithmetic",
      arithmetic.map((v) => v.x),
      arithmetic.map((v) => v.y),
    );
    for (const [i, v] of arithmetic.entries()) expect(results[i]!.map(outcome), `${v.x} ${v.y}`).toEqual(v.results);
  });
  test("comparisons", async () => {
    const { arithmetic } = elementwise;
    const results = await call<boolean[][]>(
      "comparisons",
      arithmetic.map((v) => v.x),
      arithmetic.map((v) => v.y),
    );
    for (const [i, v] of arithmetic.entries()) {
      const [x, y] = [fromBits(v.x), fromBits(v.y)];
      expect(results[i], `${x} ${y}`).toEqual([x < y, x === y]);
    }
  });
  test("fma", async () => {
    const results = await call<number[]>(
      "fma",
      elementwise.fma.map((v) => v.x),
      elementwise.fma.map((v) => v.y),
      elementwise.fma.map((v) => v.z),
    );
    for (const [i, v] of elementwise.fma.entries()) expect(outcome(results[i]!), JSON.stringify(v)).toBe(v.result);
  });
  for (const [f, name] of FUNCTIONS.entries()) {
    if (f < 4) {
      test(`replay of ${name}`, async () => {
        const vectors = elementwise.replay.filter((v) => v.f === f);
        const results = await call<number[]>(
          "replay",
          f,
          vectors.map((v) => v.x),
        );
        for (const [i, v] of vectors.entries()) expect(outcome(results[i]!), `${fromBits(v.x)}`).toBe(v.y);
      });
    }
    test(`verdicts on ${name}`, async () => {
      const vectors = elementwise.verdicts.filter((v) => v.f === f);
      const results = await call<boolean[]>(
        "accepts",
        f,
        vectors.map((v) => v.x),
        vectors.map((v) => v.y),
      );
      for (const [i, v] of vectors.entries())
        expect(results[i], `${fromBits(v.x)} → ${fromBits(v.y)}`).toBe(v.accepted);
    });
  }
  for (const kind of OPERAND_KINDS) {
    test(`dot products and sums: ${kind}`, async () => {
      for (const vector of dots.filter((v) => v.kind === kind)) await expectAgreement(vector);
    });
  }
});

async function expectAgreement(vector: DotVector): Promise<void> {
  const { a, b, bias } = vector;
  const count = BigInt(a.length - 2) / 8n;
  const additions = await call<bigint>("gemmAdditions", count);
  const label = `${vector.kind} of ${count}`;
  expect(
    await call(
      "acceptsDot",
      a,
      b,
      bias,
      additions,
      vector.dotVerdicts.map(([y]) => y),
    ),
    label,
  ).toEqual(vector.dotVerdicts.map(([, v]) => v));
  expect(
    await call(
      "acceptsSum",
      a,
      count,
      vector.sumVerdicts.map(([y]) => y),
    ),
    label,
  ).toEqual(vector.sumVerdicts.map(([, v]) => v));
  expect(outcome(await call("serialSum", a, 0n, count, 0)), label).toBe(vector.serialSum);
  for (const { kBlock, alpha, beta, bias, result } of vector.strict) {
    const order = { blockLength: BigInt(kBlock), alpha, beta, hasBias: bias !== null, bias: bias ?? 0 };
    expect(outcome(await call("strictDot", a, 0n, b, 0n, count, order)), label).toBe(result);
  }
}

describe("beyond the stored vectors", () => {
  for (const [kind, length] of [
    ...OPERAND_KINDS.map((kind) => [kind, 784] as const),
    ["gaussian", 4096],
    ["any-bits", 4096],
  ] as const) {
    test(`${length} terms agree: ${kind}`, async () => {
      await expectAgreement(dotVector(kind, length));
    });
  }
  test("exact sums are the same integers at every alignment and length", async () => {
    const { a, b } = dotVector("any-bits", 64);
    const values = (hex: Hex) => new Float32Array(hexToBytes(hex).buffer);
    for (const [offset, count] of [
      [0, 0],
      [0, 1],
      [3, 7],
      [1, 8],
      [2, 9],
      [5, 31],
      [0, 64],
      [7, 57],
    ] as const) {
      const { absolute, negative, overflows } = await call<ExactSum>(
        "exactDot",
        a,
        BigInt(4 * offset),
        b,
        BigInt(4 * (64 - offset - count)),
        BigInt(count),
      );
      const [x, y] = [values(a).subarray(offset), values(b).subarray(64 - offset - count)];
      const exact = exactDot(
        count,
        (k) => x[k]!,
        (k) => y[k]!,
      );
      expect(wide(absolute), `${count} from ${offset}`).toBe(unit(exact.absolute));
      expect(wide(absolute) - 2n * wide(negative), `${count} from ${offset}`).toBe(unit(exact.sum));
      expect(overflows).toBe(exact.overflows);
    }
  });
  test("the borders of every window: exponent sums around them, alone, among zeros, and 8192 times", async () => {
    for (const c of [2, 3, 147, 148, 149, 165, 166, 167, 292, 293, 294, 295, 338, 339, 340, 383, 384, 385, 508]) {
      const field = Math.min(254, c - 1);
      const largest = fromBits((field << 23) | 0x7fffff);
      const other = fromBits(((c - field) << 23) | 0x7ffffd);
      for (const [a, b] of [
        [[largest], [other]],
        [
          [largest, largest, -largest],
          [other, -other, -other],
        ],
        [
          [0, largest, 0, 1, fromBits(1)],
          [fromBits(1), other, largest, 2 ** -20, -1],
        ],
        ...([165, 293, 338].includes(c) ? [[Array(8192).fill(largest), Array(8192).fill(-other)]] : []),
      ] as [number[], number[]][]) {
        const exact = exactDot(
          a.length,
          (k) => a[k]!,
          (k) => b[k]!,
        );
        const sum = await call<ExactSum>("exactDot", hex(a), 0n, hex(b), 0n, BigInt(a.length));
        const label = `c = ${c}, ${a.length} terms`;
        expect(sum.overflows, label).toBe(exact.overflows);
        expect(wide(sum.absolute), label).toBe(unit(exact.absolute));
        expect(wide(sum.absolute) - 2n * wide(sum.negative), label).toBe(unit(exact.sum));
        const order = { blockLength: 8192n, alpha: 0x3f800000, beta: 0x3f800000, hasBias: false, bias: 0 };
        const strict = strictDot({ length: a.length, a: (k) => a[k]!, b: (k) => b[k]!, kBlock: 8192 });
        expect(outcome(await call("strictDot", hex(a), 0n, hex(b), 0n, BigInt(a.length), order)), label).toBe(
          finiteBits(strict),
        );
      }
    }
  });
  test("enclosures are the same integers", async () => {
    for (const [f, exact] of [expExact, tanhExact, sigmoidExact, erfExact, logExact].entries()) {
      for (const { x } of elementwise.replay.filter((v) => v.f === 0)) {
        const value = fromBits(x);
        if ((f === 0 && Math.abs(value) >= 128) || (f === 4 && value <= 0)) continue;
        const { value: centre, radius, exponent } = exact(value);
        expect(await call("enclosure", f, x), `${f} of ${value}`).toEqual({
          value: centre,
          radius,
          exponent: BigInt(exponent),
        });
      }
    }
  });
  test("integers round to nearest even, and back towards zero", async () => {
    for (const [value, float] of [
      [0n, 0],
      [255n, 255],
      [-7n, -7],
      [(1n << 24n) + 1n, 2 ** 24],
      [(1n << 24n) + 3n, 2 ** 24 + 4],
      [-(1n << 63n), -(2 ** 63)],
    ] as const) {
      expect(fromBits(await call<number>("fromInt", value))).toBe(float);
    }
    for (const [bits, value] of [
      [0x3f7fffff, 0n],
      [0xbfffffff, -1n],
      [0x4b800001, 16777218n],
      [0xdf000000, -(1n << 63n)],
      [1, 0n],
    ] as const) {
      expect(await call("toInt", bits)).toBe(value);
    }
  });
});

interface ExactSum {
  absolute: { high: bigint; low: bigint };
  negative: { high: bigint; low: bigint };
  overflows: boolean;
}

const unit = ({ mantissa, exponent }: Dyadic) => mantissa << BigInt(exponent + 298);
const wide = ({ high, low }: { high: bigint; low: bigint }) => (high << 256n) | low;

function hex(values: readonly number[]): Hex {
  return bytesToHex(new Uint8Array(Float32Array.from(values).buffer));
}
