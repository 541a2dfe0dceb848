// Tolerances of the elementwise operations in the CPU column of the tolerant profile (docs/numerics.md).
// contracts/libraries/numeric/Tolerance.sol has the same integers. u = 2^-24; every row is granted 2^-149 more, which
// becomes one unit where the unit is coarser. Undefined: no finite result is right.
import { type Dyadic, fromFloat32, ZERO } from "./dyadic.ts";
import { type Enclosure, erfExact, expExact, FRACTION_BITS, logExact, sigmoidExact, tanhExact } from "./exact.ts";
import { type Tolerance, UNDERFLOW } from "./tolerance.ts";

/** Add, Sub, Mul, Div, Sqrt, Reciprocal: the correctly rounded result. */
export function roundedTolerance(result: number): Tolerance | undefined {
  return Number.isFinite(result) ? around(fromFloat32(result), UNDERFLOW) : undefined;
}

/** Movement, comparison, selection, Relu, Neg, Abs, Cast: the value itself (−0 = +0). */
export function equalTolerance(result: number): Tolerance | undefined {
  return Number.isFinite(result) ? around(fromFloat32(result), ZERO) : undefined;
}

/** 4u relative, in units of 2^(k−118). */
export function expTolerance(x: number): Tolerance | undefined {
  if (x >= 128) return undefined;
  if (x <= -128) return around(ZERO, { mantissa: 2n, exponent: -149 }); // e^x < 2^-184
  const { value, radius, exponent } = expExact(x);
  return enclosed({ value, radius, exponent }, 22, value + radius + grantIn(-149, exponent - 22));
}

/** 8u·max(|log x|, 2^-10), in units of 2^-117. */
export function logTolerance(x: number): Tolerance | undefined {
  if (x <= 0) return undefined;
  const enclosure = logExact(x);
  const magnitude = (enclosure.value < 0n ? -enclosure.value : enclosure.value) + enclosure.radius;
  const least = 1n << BigInt(FRACTION_BITS - 10);
  return enclosed(enclosure, 21, (magnitude > least ? magnitude : least) + 1n);
}

/** 8u */
export function tanhTolerance(x: number): Tolerance {
  return enclosed(tanhExact(x), 0, (1n << BigInt(FRACTION_BITS - 21)) + 1n);
}

/** 4u */
export function sigmoidTolerance(x: number): Tolerance {
  return enclosed(sigmoidExact(x), 0, (1n << BigInt(FRACTION_BITS - 22)) + 1n);
}

/** 8u */
export function erfTolerance(x: number): Tolerance {
  return enclosed(erfExact(x), 0, (1n << BigInt(FRACTION_BITS - 21)) + 1n);
}

export function around(value: Dyadic, slack: Dyadic): Tolerance {
  return { low: value, high: value, slack, denominator: 1n };
}

/** The slack counts units that are 2^-moreBits of the enclosure's. */
export function enclosed({ value, radius, exponent }: Enclosure, moreBits: number, slack: bigint): Tolerance {
  const unit = exponent - moreBits;
  return {
    low: { mantissa: (value - radius) << BigInt(moreBits), exponent: unit },
    high: { mantissa: (value + radius) << BigInt(moreBits), exponent: unit },
    slack: { mantissa: slack, exponent: unit },
    denominator: 1n,
  };
}

/** 2^exponent in units of 2^unit, at least one. */
export function grantIn(exponent: number, unit: number): bigint {
  return unit <= exponent ? 1n << BigInt(exponent - unit) : 1n;
}
