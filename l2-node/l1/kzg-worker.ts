// Runs in a worker thread: reading the trusted setup takes half a second, and what follows a tenth per blob.
import { parentPort } from "node:worker_threads";
import { DasContextJs } from "@crate-crypto/node-eth-kzg";

export type KzgRequest = { readonly id: number; readonly blobs: readonly Uint8Array[]; readonly wantsProofs: boolean };
export type KzgReply =
  | {
      readonly id: number;
      readonly ok: true;
      readonly commitments: readonly Uint8Array[];
      /** Of all cells of all blobs, in order (EIP-7594); none where they were not wanted. */
      readonly proofs: readonly Uint8Array[];
    }
  | { readonly id: number; readonly ok: false; readonly message: string };

// Tables would make proofs twice as fast, for 100 MB more of memory.
const context = DasContextJs.create({ usePrecomp: false });

parentPort!.on("message", ({ id, blobs, wantsProofs }: KzgRequest) => {
  try {
    const commitments = blobs.map((blob) => context.blobToKzgCommitment(blob));
    const proofs = wantsProofs ? blobs.flatMap((blob) => context.computeCellsAndKzgProofs(blob).proofs) : [];
    parentPort!.postMessage({ id, ok: true, commitments, proofs } satisfies KzgReply);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    parentPort!.postMessage({ id, ok: false, message } satisfies KzgReply);
  }
});
