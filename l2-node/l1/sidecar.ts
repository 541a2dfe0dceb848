import type { Hex } from "viem";
import { toBlobs, versionedHashOf } from "../../common/blob.ts";
import { bytesOfHex, concatBytes, hexOf } from "../../common/bytes.ts";
import { decodeRlp, encodeRlp, type RlpItem } from "../../common/rlp.ts";
import type { Kzg } from "./kzg.ts";

/** What travels beside a transaction that carries blobs, and is on L1 by their hashes only. */
export interface Sidecar {
  readonly blobs: readonly Uint8Array[];
  readonly commitments: readonly Uint8Array[];
  /** Of every cell (EIP-7594), blob by blob. */
  readonly proofs: readonly Uint8Array[];
  readonly versionedHashes: readonly Hex[];
}

export async function sidecarOf(data: Uint8Array, kzg: Kzg): Promise<Sidecar> {
  const blobs = toBlobs(data);
  const { commitments, proofs } = await kzg.withProofs(blobs);
  return { blobs, commitments, proofs, versionedHashes: commitments.map(versionedHashOf) };
}

/** The point at infinity: what commits to the polynomial that is zero everywhere, and proves each of its values. */
const INFINITY = Uint8Array.of(0xc0, ...new Uint8Array(47));
const CELLS = 128;

/** One blob of no data. */
export const EMPTY_SIDECAR: Sidecar = {
  blobs: toBlobs(new Uint8Array(0)),
  commitments: [INFINITY],
  proofs: new Array(CELLS).fill(INFINITY),
  versionedHashes: [versionedHashOf(INFINITY)],
};

const TYPE = 3;
const WRAPPER_VERSION = 1n;

/** A signed type-3 transaction as L1 nodes take it: `03 ‖ rlp([transaction, 1, blobs, commitments, cell proofs])` (EIP-7594). */
export function withSidecar(signed: Hex, { blobs, commitments, proofs }: Sidecar): Hex {
  const fields: RlpItem = decodeRlp(bytesOfHex(signed).subarray(1));
  return hexOf(concatBytes(Uint8Array.of(TYPE), encodeRlp([fields, WRAPPER_VERSION, blobs, commitments, proofs])));
}
