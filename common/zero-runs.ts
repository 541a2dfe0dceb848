// Zero-run coding of posted bytes (P3.5): `00 n` (n ≥ 1) stands for n zero bytes, every other byte for itself.
// Simple enough to be judged on L1; calldata's zero bytes are ABI padding, mostly in runs.

export function compressZeros(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 * bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number;
    out[length++] = byte;
    at++;
    if (byte !== 0) continue;
    let run = 1;
    while (run < 255 && bytes[at] === 0) {
      run++;
      at++;
    }
    out[length++] = run;
  }
  return out.subarray(0, length);
}

/** Length of `compressZeros(bytes)`: lone zeros make it longer than `bytes`. */
export function compressedLength(bytes: Uint8Array): number {
  let length = 0;
  let run = 0;
  for (const byte of bytes) {
    run = byte !== 0 ? 0 : run === 255 ? 1 : run + 1;
    if (byte !== 0) length++;
    else if (run === 1) length += 2;
  }
  return length;
}

/** The longest prefix that decodes, cut at `maxBytes`: `00 00` and a lone `00` at the end stop it. Never throws. */
export function expandZeros(bytes: Uint8Array, maxBytes: number): Uint8Array {
  let out = new Uint8Array(Math.min(maxBytes, 2 * bytes.length + 256));
  let length = 0;
  for (let at = 0; at < bytes.length && length < maxBytes; ) {
    const byte = bytes[at++] as number;
    const run = byte === 0 ? (bytes[at++] ?? 0) : 1;
    if (run === 0) break;
    if (length + run > out.length) {
      const larger = new Uint8Array(Math.min(maxBytes, 2 * out.length + 256));
      larger.set(out.subarray(0, length));
      out = larger;
    }
    if (byte === 0) length = Math.min(maxBytes, length + run);
    else out[length++] = byte;
  }
  return out.subarray(0, length);
}
