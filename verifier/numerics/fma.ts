// A binary32 fused multiply-add in doubles. The product of two binary32 values is exact in a double. Its sum with c may
// not be, and rounding that sum twice (to double, then to binary32) can be off by one ulp. So the first rounding is
// made "to odd": if the sum is inexact, the double on its truncated side gets a last bit of 1. 53 ≥ 24 + 2 bits, so the
// second rounding then sees on which side of every tie the exact sum lies (Boldo and Melquiond, 2008).

const double = new Float64Array(1);
const bits = new BigUint64Array(double.buffer);
const low = new Uint32Array(double.buffer);

/** round32(a·b + c) with one rounding; a, b and c are binary32 values. */
export function fma(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const virtualC = sum - product;
  const error = product - (sum - virtualC) + (c - virtualC); // TwoSum: product + c = sum + error, exactly
  if (error === 0 || !Number.isFinite(sum)) return Math.fround(sum);
  double[0] = sum;
  // The host is little-endian (as every platform of onnxruntime-node): word 0 holds the last bit.
  if ((low[0]! & 1) === 0) bits[0] = error > 0 === sum > 0 ? bits[0]! + 1n : bits[0]! - 1n;
  return Math.fround(double[0]!);
}
