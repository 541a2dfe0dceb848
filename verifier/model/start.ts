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
