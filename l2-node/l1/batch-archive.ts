import type { Hex } from "viem";

/** Batches from elsewhere than L1: theirs are the bytes, L1's the hashes. */
export interface BatchArchive {
  /**
   * What was posted as a batch, of whose last header L1 has the hash; undefined where it is not held. Throws where what is held
   * is not that.
   */
  batch(
    index: bigint,
    posted: { readonly lastHash: Hex; readonly count: number },
  ): { readonly headers: readonly Uint8Array[]; readonly data: Uint8Array } | undefined;
}
