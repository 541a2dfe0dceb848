/** `Math.max` and `Math.min` for bigints. */
export function largerOf(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

export function smallerOf(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

/** The middle one, which no single one of three or more moves beyond the others'; of two, or where two are in the middle, the lower. */
export const lowerMedian = (values: readonly bigint[]): bigint => sorted(values)[(values.length - 1) >> 1]!;
/** As `lowerMedian`, but the upper of two. */
export const upperMedian = (values: readonly bigint[]): bigint => sorted(values)[values.length >> 1]!;

const sorted = (values: readonly bigint[]): readonly bigint[] =>
  values.toSorted((a, b) => Number(a > b) - Number(a < b));
