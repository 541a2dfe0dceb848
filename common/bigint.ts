/** `Math.max` and `Math.min` for bigints. */
export function largerOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

export function smallerOf(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}
