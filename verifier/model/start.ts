import { INIT } from "../../common/graph-encoding.ts";
import type { StateSpec } from "../autodiff/train-step.ts";
import { bitsOf } from "../numerics/float32.ts";
import { float32, type Shape, sizeOf } from "../tensor/tensor.ts";

/** What a builder's weights come from: the builder's own seed, or the job's, which nobody knows before it is reserved (P4.7). */
export type StartSource = { readonly seed: number; readonly drawn?: boolean };

/** A weight that starts uniform in ±limit; `stream` tells apart those of one seed. */
export const uniformWeight = (
  { seed, drawn }: StartSource,
  name: string,
  shape: Shape,
  { stream, limit }: { readonly stream: number; readonly limit: number },
): StateSpec => {
  const start = float32(shape, uniformStart(seed, stream, sizeOf(shape), limit));
  return drawn ? { name, start, rule: { init: INIT.uniform, scaleBits: bitsOf(limit) } } : { name, start };
};

/**
 * A weight with values of its own, drawn anew with the spread that they have (their root mean square about 0), where it is a matrix or
 * more and they are not one number throughout. Biases and scales stay as they are: frameworks derive them of no fan-in.
 */
export function redrawn({ name, start }: StateSpec): StateSpec {
  const { dtype, shape, data } = start;
  const isWeight = dtype === "float32" && shape.length >= 2 && data.some((x) => x !== data[0]);
  if (!isWeight) return { name, start };
  let squares = 0;
  for (const x of data) squares += Number(x) * Number(x);
  return { name, start, rule: { init: INIT.normal, scaleBits: bitsOf(Math.sqrt(squares / data.length)) } };
}

/**
 * Uniform binary32 values in ±limit from a splitmix-style counter generator: element i depends on (seed, stream, i)
 * alone. A host function for jobs whose start state is named by its roots.
 */
export function uniformStart(seed: number, stream: number, length: number, limit: number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const bits = mix(mix(mix(seed) ^ stream) ^ i);
    values[i] = ((bits >>> 8) / 0x800000 - 1) * limit;
  }
  return values;
}

/** A bijection of 32-bit words with good avalanche (the finalizer of MurmurHash3). */
function mix(word: number): number {
  let h = (word + 0x9e3779b9) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
