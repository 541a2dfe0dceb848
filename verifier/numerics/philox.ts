// Philox4x32-10 (Salmon et al., 2011): 128 random bits from a counter and a key, so that each can be computed by itself.
// contracts/libraries/numeric/Philox.sol does the same.

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** Ten rounds over the counter's four words, in place. All words are unsigned 32-bit integers. */
export function philox(words: Uint32Array, key0: number, key1: number): void {
  let [a, b, c, d] = words as unknown as [number, number, number, number];
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < 10; round++) {
    const low0 = Math.imul(MULTIPLIER_0, a);
    const low1 = Math.imul(MULTIPLIER_1, c);
    const high0 = high(MULTIPLIER_0, a);
    const high1 = high(MULTIPLIER_1, c);
    [a, b, c, d] = [(high1 ^ b ^ k0) >>> 0, low1 >>> 0, (high0 ^ d ^ k1) >>> 0, low0 >>> 0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
}

/** ⌊x·y/2³²⌋ from products of 16-bit halves, each exact in a double. */
function high(x: number, y: number): number {
  const [xLow, xHigh, yLow, yHigh] = [x & 0xffff, x >>> 16, y & 0xffff, y >>> 16];
  const middle = xHigh * yLow + ((xLow * yLow) >>> 16);
  return (xHigh * yHigh + (middle >>> 16) + ((xLow * yHigh + (middle & 0xffff)) >>> 16)) >>> 0;
}
