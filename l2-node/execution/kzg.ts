import { DasContextJs } from "@crate-crypto/node-eth-kzg";
import { bytesOfHex } from "../../common/bytes.ts";

/** Ethereum's trusted setup takes half a second to read: only who meets a proof reads it. */
let context: DasContextJs | undefined;

/**
 * EIP-4844's point evaluation: whether the polynomial committed to takes value y at z. False for anything malformed; the
 * precompile answers both alike.
 */
export function verifyKzgProof(commitment: Uint8Array, z: Uint8Array, y: Uint8Array, proof: Uint8Array): boolean {
  context ??= DasContextJs.create({ usePrecomp: false });
  try {
    return context.verifyKzgProof(commitment, z, y, proof);
  } catch {
    return false; // no point of the group, or no number below its order
  }
}

const absent = (): never => {
  throw new Error("blobs are not used on this chain");
};

/** What @ethereumjs asks for; only the point evaluation precompile is ever reached. */
export const kzg = {
  verifyProof: (commitment: string, z: string, y: string, proof: string): boolean =>
    verifyKzgProof(bytesOfHex(commitment), bytesOfHex(z), bytesOfHex(y), bytesOfHex(proof)),
  blobToKzgCommitment: absent,
  computeBlobProof: absent,
  verifyBlobProofBatch: absent,
  computeCells: absent,
  computeCellsAndProofs: absent,
  recoverCellsAndProofs: absent,
  verifyCellKzgProofBatch: absent,
};
