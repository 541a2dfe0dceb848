// Dot products in the one order that the CPU runtime uses (docs/numerics.md), for replay in the strict profile.
import { fma } from "./fma.ts";

/** One operand of a dot product or one term of a sum, by index. */
export type Terms = (k: number) => number;

/**
 * Length of one block of the Gemm/MatMul kernel: within a block products accumulate by fma from 0, blocks are then added
 * to the result in order. N is the number of columns of the result, K the length of the dot product.
 */
export function kBlock(shape: { n: number; k: number; transA: boolean; prepacked: boolean }): number {
  if (shape.transA) return 128;
  if (shape.prepacked) return 256;
  if (shape.n >= shape.k) return 128;
  if (shape.n <= 16) return 1024;
  if (shape.n <= 32) return 512;
  if (shape.n <= 64) return 256;
  return 128;
}

export interface StrictDot {
  readonly length: number;
  readonly a: Terms;
  readonly b: Terms;
  readonly kBlock: number;
  /** Binary32; 1 if absent. */
  readonly alpha?: number;
  readonly beta?: number;
  /** The element of C; a Gemm without C starts from nothing, which differs from starting at 0 only in alpha's rounding. */
  readonly bias?: number;
}

/** alpha·Σ a_k·b_k + beta·bias as the kernel rounds it. */
export function strictDot({ length, a, b, kBlock, alpha = 1, beta = 1, bias }: StrictDot): number {
  let result = bias === undefined ? undefined : Math.fround(beta * bias);
  for (let start = 0; start < length; start += kBlock) {
    const end = Math.min(length, start + kBlock);
    let block = 0;
    for (let k = start; k < end; k++) block = fma(a(k), b(k), block);
    result = result === undefined ? Math.fround(alpha * block) : fma(block, alpha, result);
  }
  return result ?? 0;
}

/** ReduceSum over leading axes, and scatter-add: one rounded addition per term, in index order. */
export function serialSum(length: number, terms: Terms, start = 0): number {
  let sum = start;
  for (let k = 0; k < length; k++) sum = Math.fround(sum + terms(k));
  return sum;
}
