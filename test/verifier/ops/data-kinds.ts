// Data on which bounds and kernels are most likely to be wrong.
import { fromBits } from "../../../verifier/numerics/float32.ts";

export const DATA_KINDS = [
  "ordinary",
  "constant",
  "of one sign",
  "cancelling",
  "denormal",
  "with denormal products",
  "near the maximum",
  "of all exponents",
  "at the edges",
] as const;
export type DataKind = (typeof DATA_KINDS)[number];

export type Filling = {
  readonly random: () => number;
  /** Which operand: those of one node differ, so that sums and products of them are what the kind says. */
  readonly operand: number;
  /** Near the maximum are values of this exponent: results should nearly always be finite. */
  readonly top: number;
};

/** Where kernels cut corners: both zeros, denormals, the smallest normal, the ends of ranges. */
const EDGES = [
  0, -0, 1e-45, -1e-45, 3e-39, -3e-39, 1.1754943508222875e-38, 1, -1, 0.5, -0.5, 2, 17.5, -17.5, 88.5, -104, 1e38,
  -1e38, 3.4028234663852886e38,
];

/** Value i of an operand, to be rounded to binary32. */
export function filler(kind: DataKind, { random, operand, top }: Filling): (i: number) => number {
  const signed = () => 2 * random() - 1;
  switch (kind) {
    case "ordinary":
      return (i) => (i % 4 === 0 ? 100 : 2) * signed();
    case "constant":
      return () => (operand === 0 ? 0.1 : 0.7);
    case "of one sign":
      return () => 1 + random();
    case "cancelling":
      // In step with no stride, so that sums along any axis cancel.
      return (i) => (isOdd(i) === (operand === 0) ? 1 : -1) * (1 + signed() * 2 ** -20);
    case "denormal":
      return () => (operand === 0 ? fromBits(Math.floor(random() * 2 ** 24)) * Math.sign(signed()) : signed());
    case "with denormal products":
      return () => signed() * 2 ** -70;
    case "near the maximum":
      return () => Math.sign(signed()) * (1 + random() * 0.99) * 2 ** top;
    case "of all exponents":
      // Of operands that are multiplied and added up, fewer: else hardly a result is finite.
      return top < 100
        ? () => signed() * 2 ** Math.floor(60 * random() - 30)
        : () => Math.sign(signed()) * fromBits(Math.floor(random() * 0x7f800000));
    case "at the edges":
      return () => EDGES[Math.floor(random() * EDGES.length)]!;
  }
}

/** Whether i has an odd number of ones (Thue–Morse). */
function isOdd(i: number): boolean {
  let bits = i;
  for (let shift = 16; shift > 0; shift >>= 1) bits ^= bits >>> shift;
  return (bits & 1) === 1;
}
