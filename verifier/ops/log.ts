const LN2 = Math.LN2;
const word = new DataView(new ArrayBuffer(8));

/**
 * ln x rounded to binary32 from a double that is good to ~1e-16. Not the runtime's bits: its kernel depends on the
 * element's position, so Log is judged by the tolerant row everywhere and any good value serves as the reference.
 */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return Infinity;
  word.setFloat64(0, x); // binary32 denormals are normal doubles
  let exponent = (word.getUint32(0) >>> 20) - 1023;
  word.setUint32(0, (word.getUint32(0) & 0xfffff) | 0x3ff00000);
  let mantissa = word.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // ln m = 2 artanh((m − 1)/(m + 1)), |argument| < 0.1716: 12 terms reach 1e-19.
  const t = (mantissa - 1) / (mantissa + 1);
  const square = t * t;
  let series = 0;
  for (let odd = 23; odd >= 1; odd -= 2) series = series * square + 1 / odd;
  return Math.fround(exponent * LN2 + 2 * t * series);
}
