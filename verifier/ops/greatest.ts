// The greatest of many floats in the gpu column: each denormal one may be read as itself or as zero, by itself.
import { isDenormal } from "../numerics/float32.ts";
import { flushable } from "./bounds.ts";
import type { Accepted } from "./op.ts";

/**
 * What the greatest may be. A normal one stands above all denormals and zeros. Else it may be zero; and any positive denormal
 * of the terms, if those above it are read as zeros.
 */
export function gpuGreatest(x: readonly number[]): readonly Accepted[] {
  const greatest = Math.max(...x);
  const others = isDenormal(greatest) && greatest > 0 ? x.filter((value) => value > 0 && isDenormal(value)) : [];
  return flushable({ dtype: "float32" }, [greatest, ...others]);
}

/** The least that a float may be read as. */
const leastReading = (value: number): number => (isDenormal(value) ? Math.min(value, 0) : value);
/** The greatest that a float may be read as. */
const greatestReading = (value: number): number => (isDenormal(value) ? Math.max(value, 0) : value);

/** Every index that may be the first of the greatest. */
export function gpuFirstGreatest(x: readonly number[]): readonly bigint[] {
  const least = x.map(leastReading);
  // The greatest of the least readings behind each element.
  const behind: number[] = [];
  for (let i = x.length - 1, greatest = -Infinity; i >= 0; i--) {
    behind[i] = greatest;
    greatest = Math.max(greatest, least[i]!);
  }
  const first: bigint[] = [];
  for (let i = 0, before = -Infinity; i < x.length; i++) {
    const own = greatestReading(x[i]!);
    if (before < own && behind[i]! <= own) first.push(BigInt(i));
    before = Math.max(before, least[i]!);
  }
  return first;
}
