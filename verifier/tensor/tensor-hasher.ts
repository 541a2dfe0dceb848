import { bytesToHex, type Hex } from "viem";
import { blockNode, packedTreeRoot, rootOfBlocks } from "./hash-tree.ts";
import { MAX_NODES } from "./keccak-pairs.ts";
import { CHUNK_BYTES, chunkHashes } from "./root.ts";

/** Computes a tensor root (P0.5) of bytes that come in pieces of any size; keeps 32 bytes of each 4 MiB. */
export type TensorHasher = {
  readonly update: (part: Uint8Array) => void;
  /** Of all that came; nothing may come after. */
  readonly root: () => Hex;
};

export function openTensorHasher(): TensorHasher {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const leaves = new Uint8Array(32 * MAX_NODES);
  const blockNodes: Uint8Array[] = [];
  let [chunkLength, leafCount, total] = [0, 0, 0];

  function append(hashes: Uint8Array): void {
    for (let at = 0; at < hashes.length; ) {
      if (leafCount === MAX_NODES) endBlock();
      const taken = hashes.subarray(at, at + 32 * (MAX_NODES - leafCount));
      leaves.set(taken, 32 * leafCount);
      leafCount += taken.length / 32;
      total += taken.length / 32;
      at += taken.length;
    }
  }
  function endBlock(): void {
    blockNodes.push(blockNode(leaves.subarray(0, 32 * leafCount)));
    leafCount = 0;
  }

  return {
    update(part) {
      let at = 0;
      if (chunkLength > 0) {
        at = Math.min(CHUNK_BYTES - chunkLength, part.length);
        chunk.set(part.subarray(0, at), chunkLength);
        chunkLength += at;
        if (chunkLength < CHUNK_BYTES) return;
        append(chunkHashes(chunk));
      }
      const whole = part.length - ((part.length - at) % CHUNK_BYTES);
      append(chunkHashes(part.subarray(at, whole)));
      chunk.set(part.subarray(whole));
      chunkLength = part.length - whole;
    },
    root() {
      append(chunkHashes(chunk.subarray(0, chunkLength)));
      if (blockNodes.length === 0) return bytesToHex(packedTreeRoot(leaves.subarray(0, 32 * leafCount)));
      endBlock();
      return bytesToHex(rootOfBlocks(Buffer.concat(blockNodes), total));
    },
  };
}
