import { type Draft, emit } from "../graph/draft.ts";
import type { ValueId } from "../graph/graph.ts";
import { add, greater, less, mul, scalar, sub, where } from "./build.ts";

/** Formats with fewer bits than binary32, whose values are binary32 values all the same. */
export type Narrow = "tf32" | "bf16" | "fp16";

/** Bits that binary32's significand has more. */
const DROPPED: Readonly<Record<Narrow, number>> = { tf32: 13, bf16: 16, fp16: 13 };

const FP16_MAX = 65_504;
/** The least normal number of binary16, 2⁻¹⁴: those below it are multiples of 2⁻²⁴. */
const FP16_MIN_NORMAL = 2 ** -14;
/** Its last bit is 2⁻²⁴, and stays so when less than 2⁻² is added or taken away. */
const FP16_GRID = 0.75;

/**
 * The nearest value of the format, of two the even one: bit for bit what a cast there and back gives (docs/numerics.md N9.2), but
 * +0 for −0. What is too large for binary16 becomes its largest value, as nobody can claim an infinity.
 */
export function rounded(draft: Draft, x: ValueId, format: Narrow): ValueId {
  if (format !== "fp16") return withBits(draft, x, DROPPED[format]);
  const limit = scalar(draft, FP16_MAX);
  const least = scalar(draft, -FP16_MAX);
  const below = where(draft, greater(draft, x, limit), limit, x);
  const held = where(draft, less(draft, x, least), least, below);
  const grid = scalar(draft, FP16_GRID);
  const denormal = sub(draft, add(draft, held, grid), grid);
  const isDenormal = less(draft, emit(draft, "Abs", [held]), scalar(draft, FP16_MIN_NORMAL));
  return where(draft, isDenormal, denormal, withBits(draft, held, DROPPED.fp16));
}

/**
 * With w = x − fround(x·(1 − 2⁻ᵈ)), d the bits dropped: w is x·2⁻ᵈ to the nearest multiple of x's last bit, and exact; so y = w·2ᵈ. After
 * Veltkamp's splitting (Dekker, 1971), with the factor below 1 instead of above: nothing overflows but what rounds to 2¹²⁸.
 */
function withBits(draft: Draft, x: ValueId, dropped: number): ValueId {
  const rest = sub(draft, x, mul(draft, x, scalar(draft, 1 - 2 ** -dropped)));
  return mul(draft, rest, scalar(draft, 2 ** dropped));
}
