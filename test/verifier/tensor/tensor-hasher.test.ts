import { expect, it } from "vitest";
import { MAX_NODES } from "../../../verifier/tensor/keccak-pairs.ts";
import { CHUNK_BYTES, tensorRoot } from "../../../verifier/tensor/root.ts";
import { openTensorHasher } from "../../../verifier/tensor/tensor-hasher.ts";
import { seededRandom } from "../../support/random.ts";

const random = seededRandom(29);
const BLOCK = MAX_NODES * CHUNK_BYTES;

it.each([
  ...[0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 7],
  ...[BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + CHUNK_BYTES + 1, 3 * BLOCK],
])("bytes in pieces have the root they have as a whole: %i bytes", (length) => {
  const bytes = Buffer.alloc(
    length,
    Uint8Array.from({ length: 65_537 }, () => random.below(256)),
  );
  const hasher = openTensorHasher();
  const sizes = [1, 0, 1023, 1024, 1025, 65_536, 5_000_000];
  for (let at = 0, n = 0; at < length; n++) {
    const size = sizes[n % sizes.length]!;
    hasher.update(bytes.subarray(at, at + size));
    at += size;
  }
  expect(hasher.root()).toBe(tensorRoot(bytes));
});
