// The gpu column: the contracts' verdicts are those of TypeScript, on stored vectors and beyond them.
import { readFileSync } from "node:fs";
import { bytesToHex, type Hex } from "viem";
import { beforeAll, describe, expect, test } from "vitest";
import { fromBits } from "../../../verifier/numerics/float32.ts";
import { denormalTerms } from "../../../verifier/numerics/gpu.ts";
import { accepts, type Tolerance } from "../../../verifier/numerics/tolerance.ts";
import { gpuFirstGreatest, gpuGreatest } from "../../../verifier/ops/greatest.ts";
import { createGasMeter, type GasMeter } from "../../support/gas-meter.ts";
import { readHarness } from "../../support/harness.ts";
import { GPU_FUNCTIONS, type GpuVectors, gpuDotVector, gpuVectors } from "../../vectors/numeric/gpu.ts";
import { OPERAND_KINDS, operands, randomBits } from "../../verifier/numerics/random.ts";

const stored: GpuVectors = JSON.parse(readFileSync(new URL("../../vectors/numeric/gpu.json", import.meta.url), "utf8"));

let contract: GasMeter;
beforeAll(async () => {
  contract = await createGasMeter(readHarness("numeric/harness/GpuHarness"));
});
const call = async <T>(name: string, ...args: unknown[]) => (await contract.call(name, args)).result as T;
const hex = (values: Float32Array): Hex => bytesToHex(new Uint8Array(values.buffer));

test("the vectors are those that TypeScript gives", () => {
  expect(stored).toEqual(JSON.parse(JSON.stringify(gpuVectors())));
});

describe("verdicts", () => {
  test.each(GPU_FUNCTIONS.map((name, f) => [name, f] as const))("%s", async (_, f) => {
    const vectors = stored.verdicts.filter((vector) => vector.f === f);
    const words = (key: "x" | "y" | "z") => vectors.map((vector) => vector[key]);
    const results = await call<boolean[]>("accepts", f, words("x"), words("z"), words("y"));
    for (const [i, { x, y, z, accepted }] of vectors.entries())
      expect(results[i], `${fromBits(x)}, ${fromBits(z)} → ${fromBits(y)}`).toBe(accepted);
    expect([results.includes(true), results.includes(false)]).toEqual([true, true]);
  });

  test.each(OPERAND_KINDS)("sums of %s", async (kind) => {
    const longer = [784, 2048].map((length) => gpuDotVector(kind, length + 1));
    for (const { a, b, bias, dot, sum } of [...stored.dots.filter((vector) => vector.kind === kind), ...longer]) {
      const ys = (verdicts: typeof dot) => verdicts.map(([y]) => y);
      const told = (verdicts: typeof dot) => verdicts.map(([, accepted]) => accepted);
      expect(await call("acceptsDot", a, b, bias, ys(dot)), `${a.length / 8} products`).toEqual(told(dot));
      expect(await call("acceptsSum", a, ys(sum)), `${a.length / 8} terms`).toEqual(told(sum));
    }
  });
});

test("terms with a denormal operand are added up exactly, at every alignment and length", async () => {
  const bits = randomBits(5);
  const any = Float32Array.from({ length: 80 }, (_, i) =>
    i % 3 === 0 ? fromBits(bits() & 0x807fffff) : operands("any-bits", 1, i + 1)[0]!,
  );
  const other = Float32Array.from({ length: 80 }, (_, i) =>
    i % 5 === 0 ? fromBits(bits() & 0x807fffff) : operands("any-bits", 1, i + 90)[0]!,
  );
  for (const [from, count] of [
    [0, 0],
    [0, 1],
    [1, 7],
    [2, 8],
    [3, 9],
    [7, 33],
    [0, 80],
  ] as const) {
    const exact = denormalTerms(
      count,
      (k) => any[from + k]!,
      (k) => other[80 - from - count + k]!,
    );
    const args = [hex(any), BigInt(4 * from), hex(other), BigInt(4 * (80 - from - count)), BigInt(count)];
    const { high, low } = await call<{ high: bigint; low: bigint }>("denormalTerms", ...args);
    expect((high << 256n) | low, `${count} from ${from}`).toBe(exact.mantissa);
  }
});

describe("the greatest of many", () => {
  const tiny = [1e-45, 3e-39, -1e-45, -3e-39].map(Math.fround);
  const rows = [
    [1, 2, 2, -5],
    [0, -0, ...tiny],
    tiny,
    [-1, ...tiny.slice(2)],
    [-1, -2],
    [...tiny, 2 ** -126],
    [-(2 ** -126), -1e-45],
    [3e-39],
    [-3e-39],
    [1e-45, 0, 3e-39, 1e-45],
  ].map((row) => Float32Array.from(row));
  test.each(rows.map((row) => [[...row]]))("%j", async (row) => {
    const values = Float32Array.from(row);
    const ys = Float32Array.from([...row, 0, ...tiny, 2 ** -126, 1, -1, 6e-39]);
    const words = Array.from(new Uint32Array(ys.buffer));
    const right = (candidates: readonly number[]) => {
      const accepted = gpuGreatest(candidates) as readonly Tolerance[];
      return (y: number) => accepted.some((tolerance) => accepts(tolerance, y));
    };
    expect(await call("mayBe", hex(values), false, words)).toEqual([...ys].map(right(row)));
    const negated = right(row.map((value) => -value));
    expect(await call("mayBe", hex(values), true, words)).toEqual([...ys].map((y) => negated(-y)));
    const first = gpuFirstGreatest(row);
    expect(await call("mayBeFirst", hex(values))).toEqual([...row, 0].map((_, i) => first.includes(BigInt(i))));
  });
});
