// Sine, cosine and real powers in doubles, for tables that graphs hold as constants. Only + − × ÷ and √, which IEEE 754
// fixes to the last bit, so the same table comes out on every machine; JavaScript's own functions differ between engines.
// Accurate to a few units of 2^-52 for the sizes named: what is left when it is rounded to binary32 does not matter, as a
// table is content of the graph.

const HALF_PI_HIGH = 1.5707963267341256; // the leading 33 bits: products with small integers are exact
const HALF_PI_LOW = 6.077100506506192e-11;

/** Both for |x| up to 10⁶. */
export function sinCos(x: number): { sin: number; cos: number } {
  const quarter = Math.round(x / (HALF_PI_HIGH + HALF_PI_LOW));
  const r = x - quarter * HALF_PI_HIGH - quarter * HALF_PI_LOW;
  const [s, c] = [alternating(r, r, 2), alternating(1, r, 1)];
  switch (((quarter % 4) + 4) % 4) {
    case 0:
      return { sin: s, cos: c };
    case 1:
      return { sin: c, cos: -s };
    case 2:
      return { sin: -s, cos: -c };
    default:
      return { sin: -c, cos: s };
  }
}

/** first·Σ (−1)^n r^2n / (k(k+1)…), k from `next` on: the series of sin (first r, next 2) and of cos (first 1, next 1). */
function alternating(first: number, r: number, next: number): number {
  let term = first;
  let sum = 0;
  for (let k = next; sum + term !== sum; k += 2) {
    sum += term;
    term *= -(r * r) / (k * (k + 1));
  }
  return sum;
}

/** base^(numerator/denominator) for base ≥ 1 and 0 ≤ numerator ≤ denominator, by binary digits of the exponent. */
export function fractionalPower(base: number, numerator: number, denominator: number): number {
  let result = 1;
  let root = base;
  let rest = numerator / denominator;
  if (rest >= 1) return base;
  for (let digit = 0; digit < 60 && rest > 0; digit++) {
    root = Math.sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      result *= root;
      rest -= 1;
    }
  }
  return result;
}
