import { createKeccak } from "hash-wasm";

const keccak = await createKeccak(256);

/** Root of the tree (P0.2) over hashes that lie one after the other. As `common/merkle.ts`, for thousands of leaves. */
export function packedTreeRoot(leaves: Uint8Array): Uint8Array {
  const count = leaves.length / 32;
  let width = 1;
  while (width < count) width *= 2;
  const level = new Uint8Array(32 * width);
  level.set(leaves);
  for (; width > 1; width /= 2)
    for (let i = 0; i < width / 2; i++)
      level.set(
        keccak
          .init()
          .update(level.subarray(64 * i, 64 * i + 64))
          .digest("binary"),
        32 * i,
      );
  return level.slice(0, 32);
}
