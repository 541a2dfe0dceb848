import { allocate, bytesOf, type DType, type Shape, sizeOf, type Tensor } from "../../verifier/tensor/tensor.ts";

/** Uniform in [0, 1), the same on every run (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values in [low, high); integers are cut off. */
export function randomTensor(random: () => number, dtype: DType, shape: Shape, low = -1, high = 1): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const value = low + (high - low) * random();
    data[i] =
      data instanceof BigInt64Array ? BigInt(Math.floor(value)) : dtype === "float32" ? value : Math.floor(value);
  }
  return { dtype, shape, data };
}

export const hexOf = (tensor: Tensor): string => Buffer.from(bytesOf(tensor)).toString("hex");
