import {
  equalTolerance,
  erfTolerance,
  expTolerance,
  logTolerance,
  roundedTolerance,
  sigmoidTolerance,
  tanhTolerance,
} from "../../../verifier/numerics/elementwise.ts";
import { bitsOf, fromBits, INFINITY_BITS } from "../../../verifier/numerics/float32.ts";
import { fma } from "../../../verifier/numerics/fma.ts";
import { accepts, lieByTolerance, type Tolerance } from "../../../verifier/numerics/tolerance.ts";
import { erf, exp, sigmoid, tanh } from "../../../verifier/numerics/transcendental.ts";
import { operands, randomBits } from "../../verifier/numerics/random.ts";
import { finiteBits } from "./dot.ts";

/** The index of a function is its number in NumericHarness. */
export const FUNCTIONS = ["exp", "tanh", "sigmoid", "erf", "log", "rounded", "equal"] as const;

export interface ElementwiseVectors {
  /** Per pair: x + y, x − y, x·y, x/y, √x, max, min. Bits; infinity for all that is not finite. */
  arithmetic: { x: number; y: number; results: number[] }[];
  fma: { x: number; y: number; z: number; result: number }[];
  replay: { f: number; x: number; y: number }[];
  verdicts: { f: number; x: number; y: number; accepted: boolean }[];
}

const edgeBits = [
  0, 1, 2, 0x7fffff, 0x800000, 0x800001, 0x00ffffff, 0x01000000, 0x3effffff, 0x3f800000, 0x3f800001, 0x7f7fffff,
];
const edges = edgeBits.flatMap((bits) => [fromBits(bits), fromBits((bits | 0x80000000) >>> 0)]);
const special = [
  0.921875,
  3.925,
  5.9999995,
  6,
  9,
  17.482065200805664,
  17.857412338256836,
  18,
  64,
  88.72283,
  88.7228394,
  89,
  87.33655,
  103.9,
  104,
  120,
  127.99999,
  128,
  2e-7,
  Math.SQRT2,
];
const points = [...edges, ...special.flatMap((x) => [x, -x])].map(Math.fround);

export function elementwiseVectors(): ElementwiseVectors {
  const any = operands("any-bits", 24, 101);
  const pairs = [
    ...edges.flatMap((x) => edges.filter((_, i) => i % 4 === 0).map((y) => [x, y] as const)),
    ...Array.from(any, (x, i) => [x, any[(i * 7 + 1) % any.length]!] as const),
  ];
  const bits = randomBits(103);
  const triples = [
    ...pairs.map(([x, y], i) => [x, y, points[(i * 5) % points.length]!] as const),
    ...pairs.map(([x, y]) => [x, y, Math.fround(-x * y)] as const).filter(([, , z]) => Number.isFinite(z)),
  ];
  const inputs = [...points, ...operands("gaussian", 16, 102).map((x) => 6 * x), ...any];
  const programs = [exp, tanh, sigmoid, erf];
  const tolerances = [
    expTolerance,
    tanhTolerance,
    sigmoidTolerance,
    erfTolerance,
    logTolerance,
    roundedTolerance,
    equalTolerance,
  ];
  return {
    arithmetic: pairs.map(([x, y]) => ({
      x: bitsOf(x),
      y: bitsOf(y),
      results: [x + y, x - y, x * y, x / y, Math.sqrt(x), Math.max(x, y), Math.min(x, y)].map((r) =>
        finiteBits(Math.fround(r)),
      ),
    })),
    fma: triples.map(([x, y, z]) => ({ x: bitsOf(x), y: bitsOf(y), z: bitsOf(z), result: finiteBits(fma(x, y, z)) })),
    replay: programs.flatMap((program, f) => inputs.map((x) => ({ f, x: bitsOf(x), y: finiteBits(program(x)) }))),
    verdicts: tolerances.flatMap((tolerance, f) =>
      inputs.flatMap((x) =>
        claims(tolerance(x), f < 4 ? programs[f]!(x) : x, fromBits(bits() & 0xbfffffff)).map((y) => ({
          f,
          x: bitsOf(x),
          y: bitsOf(y),
          accepted: accepts(tolerance(x), y),
        })),
      ),
    ),
  };
}

function claims(tolerance: Tolerance | undefined, honest: number, random: number): number[] {
  const values = [honest, -honest, random, 0, fromBits(INFINITY_BITS)];
  if (tolerance !== undefined) {
    for (const factor of [0.5, 0.999, 1.001]) {
      const lie = lieByTolerance(tolerance, factor);
      if (lie !== undefined) values.push(lie);
    }
  }
  return [...new Set(values)];
}
