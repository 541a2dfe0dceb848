// What the tolerant profile lets one element be, as an interval of binary32 values.
import { add, roundDownToFloat32, roundUpToFloat32, subtract } from "../../verifier/numerics/dyadic.ts";
import { bitsOf, FLOAT32_MAX, fromBits } from "../../verifier/numerics/float32.ts";
import type { Tolerance } from "../../verifier/numerics/tolerance.ts";
import type { Bound } from "../../verifier/ops/op.ts";

/** From the least to the greatest right value. */
export type Window = { readonly low: number; readonly high: number };

export function windowOf({ low, high, slack, denominator }: Tolerance): Window {
  return {
    low: Math.max(roundUpToFloat32(subtract(low, slack), denominator), -FLOAT32_MAX),
    high: Math.min(roundDownToFloat32(add(high, slack), denominator), FLOAT32_MAX),
  };
}

/** Undefined where no finite result is right, or the only right one is an integer or a bool. */
export function legalWindow({ tolerance }: Bound): Window | undefined {
  const legal = tolerance?.();
  return legal === undefined ? undefined : windowOf(legal);
}

/** Of the gpu column: a window per reading of denormal operands, or the integers and bools that may be. */
export const gpuWindows = ({ gpu }: Bound): readonly (Window | number | bigint)[] =>
  gpu().map((accepted) => (typeof accepted === "object" ? windowOf(accepted) : accepted));

/** Its lower end, its upper end, or any value between them, each a third of the time; of zeros either. */
export function pickedFrom({ low, high }: Window, random: () => number): number {
  const way = Math.floor(3 * random());
  const [from, to] = [orderOf(low), orderOf(high)];
  const picked = way === 0 ? low : way === 1 ? high : fromOrder(from + Math.floor(random() * (to - from + 1)));
  if (picked !== 0) return picked;
  return random() < 0.5 ? -0 : 0;
}

/** Counts binary32 values from zero; both zeros are 0. */
const orderOf = (value: number): number => {
  const bits = bitsOf(value);
  return bits >>> 31 === 1 ? -(bits & 0x7fffffff) : bits;
};

const fromOrder = (order: number): number => (order < 0 ? -fromBits(-order) : fromBits(order));
