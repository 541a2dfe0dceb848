import { decodeFunctionData, type Hex } from "viem";
import { batchDataRoot } from "../../common/batch.ts";
import { blobsDataRoot } from "../../common/blob.ts";
import { bytesOfHex } from "../../common/bytes.ts";
import { headerAnchorAbi } from "../../common/contracts/header-anchor.ts";
import { L1DataError } from "../../common/l1-errors.ts";

/** A batch as its L1 transaction brought it (P3.4). */
export type Posted =
  | (Signed & { readonly kind: "calldata"; readonly data: Uint8Array })
  | (Signed & { readonly kind: "blobs"; readonly versionedHashes: readonly Hex[] })
  /** Unsigned, one header, no data (P3.8). */
  | { readonly kind: "fallback"; readonly headers: readonly Hex[]; readonly dataRoot: Hex };

type Signed = { readonly headers: readonly Hex[]; readonly signature: Hex; readonly dataRoot: Hex };

export interface L1TransactionFields {
  readonly input: Hex;
  readonly blobVersionedHashes?: readonly Hex[] | undefined;
}

/** Throws `L1DataError` for a call that posts none. */
export function postedBy({ input, blobVersionedHashes = [] }: L1TransactionFields, batch: bigint): Posted {
  const { functionName, args } = callIn(input, batch);
  switch (functionName) {
    case "anchor": {
      const [headers, signature, data] = args;
      const bytes = bytesOfHex(data);
      return { kind: "calldata", headers, signature, data: bytes, dataRoot: batchDataRoot(bytes) };
    }
    case "anchorBlobs": {
      const [headers, signature] = args;
      const dataRoot = blobsDataRoot(blobVersionedHashes);
      return { kind: "blobs", headers, signature, versionedHashes: blobVersionedHashes, dataRoot };
    }
    case "anchorFallback":
      return { kind: "fallback", headers: [args[0]], dataRoot: batchDataRoot(new Uint8Array(0)) };
    default:
      throw new L1DataError("l1-batch", `batch ${batch} was not posted by a call of anchor`, { actual: functionName });
  }
}

function callIn(input: Hex, batch: bigint) {
  try {
    return decodeFunctionData({ abi: headerAnchorAbi, data: input });
  } catch (error) {
    throw new L1DataError("l1-batch", `batch ${batch} was posted by no call of HeaderAnchor`, { cause: error });
  }
}
