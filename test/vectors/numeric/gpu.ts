// Verdicts of the gpu column that TypeScript and Solidity share: at the boundary, one step beyond it, and anywhere.
import type { Hex } from "viem";
import { equalTolerance } from "../../../verifier/numerics/elementwise.ts";
import { exactDot, exactSum } from "../../../verifier/numerics/exact-dot.ts";
import { bitsOf, FLOAT32_MAX, fromBits, INFINITY_BITS, nextDown, nextUp } from "../../../verifier/numerics/float32.ts";
import {
  denormalTerms,
  gpuDot,
  gpuErf,
  gpuExp,
  gpuLog,
  gpuQuotient,
  gpuRoot,
  gpuRounded,
  gpuSigmoid,
  gpuTanh,
} from "../../../verifier/numerics/gpu.ts";
import { accepts, type Tolerance } from "../../../verifier/numerics/tolerance.ts";
import { windowOf } from "../../support/legal-window.ts";
import { OPERAND_KINDS, operands } from "../../verifier/numerics/random.ts";
import { dotVector, type Verdict } from "./dot.ts";

/** The index of a function is its number in GpuHarness. */
const UNARY = [gpuExp, gpuTanh, gpuSigmoid, gpuErf, gpuLog, gpuRoot, gpuRounded, equalOnGpu] as const;
export const GPU_FUNCTIONS = ["exp", "tanh", "sigmoid", "erf", "log", "root", "rounded", "equal", "quotient"] as const;

/** `z` is the divisor of a quotient. */
export type GpuVerdict = { f: number; x: number; z: number; y: number; accepted: boolean };
export type GpuDotVector = { kind: string; a: Hex; b: Hex; bias: number; dot: Verdict[]; sum: Verdict[] };
export type GpuVectors = { verdicts: GpuVerdict[]; dots: GpuDotVector[] };

/** A result that is read as zero if it is denormal has two values: of the vectors, the one that is itself. */
function equalOnGpu(x: number): Tolerance | undefined {
  return equalTolerance(x);
}

const edges = [
  0, 1, 0x7fffff, 0x800000, 0x800001, 0x0c800000, 0x0d000000, 0x3f7fffff, 0x3f800000, 0x7e800000, 0x7e800001,
  0x7f7fffff,
]
  .flatMap((bits) => [bits, (bits | 0x80000000) >>> 0])
  .map(fromBits);
const special = [0.25, 0.5, 2, Math.SQRT2, 5.9999995, 6, 17.5, 64, 87.33655, 88.72283, 89, 104, 127.99999, 128].flatMap(
  (x) => [x, -x],
);
const points = [
  ...edges,
  ...special.map(Math.fround),
  ...operands("any-bits", 10, 211),
  ...operands("gaussian", 6, 212),
];

export function gpuVectors(): GpuVectors {
  const unary = UNARY.flatMap((tolerance, f) =>
    points.flatMap((x) => claims(tolerance(x)).map((y) => verdict(f, x, 0, y, acceptsAny(f, tolerance(x), x, y)))),
  );
  const divisors = [...edges, 3, -7, ...operands("any-bits", 6, 213)];
  const quotients = points
    .filter((_, i) => i % 7 === 0)
    .flatMap((x) => divisors.map((z) => [x, z] as const))
    .flatMap(([x, z]) => claims(gpuQuotient(x, z)).map((y) => verdict(8, x, z, y, accepts(gpuQuotient(x, z), y))));
  return {
    verdicts: [...unary, ...quotients],
    dots: OPERAND_KINDS.flatMap((kind) => [1, 8, 17].map((n) => gpuDotVector(kind, n))),
  };
}

export function gpuDotVector(kind: (typeof OPERAND_KINDS)[number], length: number): GpuDotVector {
  const { a, b } = dotVector(kind, length);
  const [x, w] = [floats(a), floats(b)];
  // Denormal operands among others: what D is about.
  if (length % 2 === 1) for (let k = 0; k < length; k += 4) x[k] = fromBits(k * 977 + 1);
  const bias = length % 4 === 1 ? fromBits(0x80000000 + length) : 0.75;
  const [p, q] = [(k: number) => x[k]!, (k: number) => w[k]!];
  const dot = gpuDot(exactDot(length, p, q, bias), length, denormalTerms(length, p, q, bias));
  const sum = gpuDot(
    exactSum(length, p),
    length,
    denormalTerms(length, p, () => 1),
  );
  const verdicts = (tolerance: Tolerance | undefined): Verdict[] =>
    claims(tolerance).map((y) => [bitsOf(y), accepts(tolerance, y)]);
  return { kind, a: hex(x), b, bias: bitsOf(bias), dot: verdicts(dot), sum: verdicts(sum) };
}

const floats = (bytes: Hex): Float32Array =>
  new Float32Array(Uint8Array.from(Buffer.from(bytes.slice(2), "hex")).buffer);
const hex = (values: Float32Array): Hex => `0x${Buffer.from(values.buffer).toString("hex")}`;

const verdict = (f: number, x: number, z: number, y: number, accepted: boolean): GpuVerdict => ({
  f,
  x: bitsOf(x),
  z: bitsOf(z),
  y: bitsOf(y),
  accepted,
});

/** Movement may give zero of what is denormal. */
const acceptsAny = (f: number, tolerance: Tolerance | undefined, x: number, y: number): boolean =>
  accepts(tolerance, y) || (UNARY[f] === equalOnGpu && y === 0 && Math.abs(x) < 2 ** -126);

/** Both ends of what is accepted and the next values beyond them, and some that have nothing to do with it. */
function claims(tolerance: Tolerance | undefined): number[] {
  const others = [0, 2 ** -126, -(2 ** -126), nextUp(2 ** -126), 1, FLOAT32_MAX, fromBits(INFINITY_BITS)];
  if (tolerance === undefined) return others;
  const { low, high } = windowOf(tolerance);
  return [...new Set([low, nextDown(low), high, nextUp(high), ...others])].filter((y) => !Number.isNaN(y));
}
