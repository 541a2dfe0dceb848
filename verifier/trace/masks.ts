import { createKeccak } from "hash-wasm";
import type { Hex } from "viem";
import { philox } from "../numerics/philox.ts";

const keccak = await createKeccak(256);

/** A random mask among a step's feeds: `elements` bools, each true with probability keep/2³². */
export type Mask = { readonly elements: number; readonly keep: number };

/**
 * The mask that is feed `feed` of step `step` (P4.6): element e is true iff word e mod 4 of Philox4x32-10 is below `keep`, its
 * key and the counter's upper half from keccak(abi(seed, t, feed)), the lower half ⌊e/4⌋.
 */
export function fillMask(target: Uint8Array, seed: Hex, step: number, feed: number, keep: number): void {
  const preimage = new Uint8Array(96);
  preimage.set(Buffer.from(seed.slice(2), "hex"));
  const view = new DataView(preimage.buffer);
  view.setBigUint64(56, BigInt(step));
  view.setBigUint64(88, BigInt(feed));
  const stream = keccak.init().update(preimage).digest("binary");
  const head = new DataView(stream.buffer, stream.byteOffset);
  const [key0, key1, upper0, upper1] = [0, 4, 8, 12].map((at) => head.getUint32(at)) as [
    number,
    number,
    number,
    number,
  ];
  const words = new Uint32Array(4);
  for (let block = 0; 4 * block < target.length; block++) {
    words[0] = block;
    words[1] = 0;
    words[2] = upper0;
    words[3] = upper1;
    philox(words, key0, key1);
    for (let i = 0; i < 4 && 4 * block + i < target.length; i++) target[4 * block + i] = Number(words[i]! < keep);
  }
}
