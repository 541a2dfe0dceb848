import type { Tensor } from "../tensor/tensor.ts";

/** Elements whose distance is above the last bucket's and at most `upTo`. */
export type Bucket = { readonly upTo: number; readonly elements: number };

/** Values between two binary32 values, counted through zero (−0 and 0 are one); for integers, what lies between them. */
export function ulpDistances(a: Tensor, b: Tensor): number[] {
  if (a.dtype !== "float32")
    return Array.from({ length: a.data.length }, (_, i) => Math.abs(Number(a.data[i]) - Number(b.data[i])));
  const [x, y] = [orderedOf(a), orderedOf(b)];
  return x.map((value, i) => Math.abs(value - y[i]!));
}

/** Bits as integers in the order of the values. */
function orderedOf({ data }: Tensor): number[] {
  const { buffer, byteOffset, length } = data;
  return Array.from(new Int32Array(buffer, byteOffset, length), (bits) => (bits < 0 ? -(bits & 0x7fffffff) : bits));
}

/** Counts by distance: 0, 1, 2, up to 4, up to 8, … Empty buckets are left out. */
export function histogramOf(distances: readonly number[]): Bucket[] {
  const counts = new Map<number, number>();
  for (const distance of distances) {
    let upTo = distance === 0 ? 0 : 1;
    while (upTo < distance) upTo *= 2;
    counts.set(upTo, (counts.get(upTo) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([upTo, elements]) => ({ upTo, elements }));
}
