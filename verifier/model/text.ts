import type { Tensor } from "../tensor/tensor.ts";

/** Ids of bytes: 0 stands for every byte that is not listed. */
export type Vocabulary = { readonly size: number; readonly idOf: Uint8Array; readonly byteOf: Uint8Array };

/** The most frequent bytes of a text, at most `size` − 1 of them, by frequency and then by value. */
export function vocabularyOf(text: Uint8Array, size: number): Vocabulary {
  const counts = new Uint32Array(256);
  for (const byte of text) counts[byte]!++;
  const listed = Array.from({ length: 256 }, (_, byte) => byte)
    .filter((byte) => counts[byte]! > 0)
    .sort((a, b) => counts[b]! - counts[a]! || a - b)
    .slice(0, size - 1);
  const idOf = new Uint8Array(256);
  for (const [i, byte] of listed.entries()) idOf[byte] = i + 1;
  return { size: listed.length + 1, idOf, byteOf: Uint8Array.of(0, ...listed) };
}

/**
 * Rows of `positions` ids that begin every `stride` bytes, and of the ids that follow each: the two tensors of a dataset,
 * uint8 [rows, positions].
 */
export function textRows(
  text: Uint8Array,
  { idOf }: Vocabulary,
  { positions, stride }: { readonly positions: number; readonly stride: number },
): [x: Tensor, labels: Tensor] {
  const rows = Math.max(0, Math.floor((text.length - positions - 1) / stride) + 1);
  const from = (shift: number): Tensor => {
    const data = new Uint8Array(rows * positions);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < positions; i++) data[row * positions + i] = idOf[text[row * stride + i + shift]!]!;
    }
    return { dtype: "uint8", shape: [rows, positions], data };
  };
  return [from(0), from(1)];
}
