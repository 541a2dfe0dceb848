// The binary32 values, bit by bit. Every finite value is an integer times 2^exponent; that view is in dyadic.ts.

const word = new DataView(new ArrayBuffer(8));

export const FLOAT32_MAX = 3.4028234663852886e38;
export const FLOAT32_MIN_DENORMAL = 1.401298464324817e-45; // 2^-149
export const INFINITY_BITS = 0x7f800000;

/** The 32 bits of a number that is already binary32 (others are rounded to nearest even first). */
export function bitsOf(value: number): number {
  word.setFloat32(0, value);
  return word.getUint32(0);
}

export function fromBits(bits: number): number {
  word.setUint32(0, bits >>> 0);
  return word.getFloat32(0);
}

/** True if the number is finite and exactly a binary32 value. */
export function isFiniteFloat32(value: number): boolean {
  return Number.isFinite(value) && Math.fround(value) === value;
}

export function isDenormal(value: number): boolean {
  const magnitude = bitsOf(value) & 0x7fffffff;
  return magnitude !== 0 && magnitude < 0x00800000;
}

/** Distance between a finite value and its neighbour away from zero. */
export function ulp(value: number): number {
  const exponentField = (bitsOf(value) >>> 23) & 0xff;
  return powerOfTwo(Math.max(exponentField, 1) - 150);
}

/** The n-th next value away from zero; zero counts as positive unless it is −0. May reach infinity, never passes it. */
export function nextAwayFromZero(value: number, n = 1): number {
  const bits = bitsOf(value);
  const magnitude = Math.min((bits & 0x7fffffff) + n, INFINITY_BITS);
  return fromBits(((bits & 0x80000000) | magnitude) >>> 0);
}

/** The least binary32 value greater than `value`. */
export function nextUp(value: number): number {
  if (value === 0) return FLOAT32_MIN_DENORMAL;
  const bits = bitsOf(value);
  return fromBits(value > 0 ? Math.min(bits + 1, INFINITY_BITS) : bits - 1);
}

/** The greatest binary32 value less than `value`. */
export function nextDown(value: number): number {
  return -nextUp(-value);
}

/** 2^exponent as a double, exactly; exponent in [-1022, 1023]. */
export function powerOfTwo(exponent: number): number {
  word.setUint32(0, (exponent + 1023) << 20);
  word.setUint32(4, 0);
  return word.getFloat64(0);
}
