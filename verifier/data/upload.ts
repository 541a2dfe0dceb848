import { bytesToHex, type Hex } from "viem";
import { AnhError } from "../../common/errors.ts";
import { checkJob, decodeJob, encodeJob, trainId } from "../../common/job.ts";
import { packedTreeRoot } from "../tensor/hash-tree.ts";

export class UploadError extends AnhError {}

/** Root that bytes of a kind give, or a typed error: what gives no root is refused (P9.1). */
export type RootOf = (bytes: Uint8Array) => Hex;

/** Kinds that are judged at once and in memory; a tensor's root is computed as it comes, a graph has a judge of its own. */
export const smallRoots = { roots: rootOfList, job: rootOfJob } as const;

/** A list of tensor roots (a dataset, a state): 32 bytes each. A list of one is its only tensor. */
function rootOfList(bytes: Uint8Array): Hex {
  if (bytes.length % 32 !== 0 || bytes.length < 64)
    throw new UploadError("bad-roots", `${bytes.length} bytes are no list of roots`, {
      expected: "two or more roots of 32 bytes",
      actual: bytes.length,
    });
  return bytesToHex(packedTreeRoot(bytes));
}

function rootOfJob(bytes: Uint8Array): Hex {
  const hex = bytesToHex(bytes);
  const job = decodedJob(hex);
  checkJob(job);
  if (encodeJob(job) !== hex) throw new UploadError("bad-job", "the job is not in canonical ABI encoding");
  return trainId(job);
}

function decodedJob(hex: Hex) {
  try {
    return decodeJob(hex);
  } catch (cause) {
    throw new UploadError("bad-job", "not an ABI-encoded job (P4)", { cause });
  }
}
