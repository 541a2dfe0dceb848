import { bytesToHex, type Hex } from "viem";
import { kBlock, serialSum, strictDot } from "../../../verifier/numerics/dot.ts";
import { roundToFloat32 } from "../../../verifier/numerics/dyadic.ts";
import { dotTolerance, exactDot, exactSum, gemmAdditions } from "../../../verifier/numerics/exact-dot.ts";
import { bitsOf, FLOAT32_MAX, fromBits, INFINITY_BITS, nextDown, nextUp } from "../../../verifier/numerics/float32.ts";
import { accepts, lieByTolerance, type Tolerance } from "../../../verifier/numerics/tolerance.ts";
import { OPERAND_KINDS, operands } from "../../verifier/numerics/random.ts";

/** A claimed result (bits) and whether it may be one. */
export type Verdict = [y: number, accepted: boolean];

export interface DotVector {
  kind: string;
  /** Little-endian binary32. */
  a: Hex;
  b: Hex;
  bias: number;
  dotVerdicts: Verdict[];
  /** Verdicts on Σ a_k in any order. */
  sumVerdicts: Verdict[];
  serialSum: number;
  /** Bits; every result beyond the range counts as infinity. bias null: none. */
  strict: { kBlock: number; alpha: number; beta: number; bias: number | null; result: number }[];
}

export const LENGTHS = [1, 5, 8, 17, 40, 300];

export function dotVectors(): DotVector[] {
  return OPERAND_KINDS.flatMap((kind) => LENGTHS.map((length) => dotVector(kind, length)));
}

export function dotVector(kind: (typeof OPERAND_KINDS)[number], length: number, seed = length): DotVector {
  const a = operands(kind, length, seed);
  const b = operands(kind === "any-bits" && length % 2 === 0 ? "gaussian" : kind, length, seed + 1000);
  if (kind === "one-sign") for (let k = 0; k < length; k += 3) a[k] = 0; // as behind a Relu
  const bias = operands(kind, 1, seed + 2000)[0]!;
  const at = (values: Float32Array) => (k: number) => values[k]!;
  const dot = dotTolerance(exactDot(length, at(a), at(b), bias), { length, additions: gemmAdditions(length) });
  const sum = dotTolerance(exactSum(length, at(a)), { length, additions: length });
  const strict = [
    { kBlock: kBlock({ n: 100, k: length, transA: false, prepacked: false }), alpha: 1, beta: 1, bias: null },
    { kBlock: 8, alpha: 1, beta: 1, bias },
    { kBlock: 16, alpha: Math.fround(0.3), beta: Math.fround(-0.7), bias },
  ];
  return {
    kind,
    a: bytes(a),
    b: bytes(b),
    bias: bitsOf(bias),
    dotVerdicts: verdicts(dot, strictDot({ length, a: at(a), b: at(b), kBlock: 8, bias })),
    sumVerdicts: verdicts(sum, serialSum(length, at(a))),
    serialSum: finiteBits(serialSum(length, at(a))),
    strict: strict.map(({ kBlock, alpha, beta, bias }) => ({
      kBlock,
      alpha: bitsOf(alpha),
      beta: bitsOf(beta),
      bias: bias === null ? null : bitsOf(bias),
      result: finiteBits(
        strictDot({ length, a: at(a), b: at(b), kBlock, alpha, beta, ...(bias === null ? {} : { bias }) }),
      ),
    })),
  };
}

function verdicts(tolerance: Tolerance | undefined, honest: number): Verdict[] {
  const claims = [0, -1, FLOAT32_MAX, fromBits(INFINITY_BITS), honest];
  if (tolerance !== undefined) {
    claims.push(roundToFloat32(tolerance.high, tolerance.denominator));
    for (const factor of [0.5, 0.999999, 1.000001, 2]) claims.push(lieByTolerance(tolerance, factor) ?? 1);
  }
  return claims.flatMap((y) => [y, nextUp(y), nextDown(y)]).map((y) => [bitsOf(y), accepts(tolerance, y)]);
}

/** Infinities and NaN are one outcome: no claim can equal them. −0 is +0. */
export function finiteBits(value: number): number {
  return Number.isFinite(value) ? bitsOf(value + 0) : INFINITY_BITS;
}

function bytes(values: Float32Array): Hex {
  return bytesToHex(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}
