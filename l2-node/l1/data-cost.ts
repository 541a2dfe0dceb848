import { BLOB_BYTES, blobCount } from "../../common/blob.ts";

/** What L1 asks now, in wei. */
export interface L1Fees {
  readonly baseFeeWei: bigint;
  readonly blobBaseFeeWei: bigint;
}

/** EIP-7623: a zero byte is one token, another one four; a token is 4 gas, or 10 where that is all the transaction pays for. */
const TOKEN_GAS = 4n;
const FLOOR_TOKEN_GAS = 10n;
/** What `anchor` runs for beside its data: at all and per header (docs/performance.md, `gas-anchor`). */
const ANCHOR_GAS = 160_000n;
const HEADER_GAS = 37_000n;

/** What a batch's data add to the price of its transaction as calldata. */
export function calldataWei(data: Uint8Array, headers: number, { baseFeeWei }: L1Fees): bigint {
  let tokens = 0n;
  for (const byte of data) tokens += byte === 0 ? 1n : 4n;
  const standard = TOKEN_GAS * tokens;
  const floor = FLOOR_TOKEN_GAS * tokens - (ANCHOR_GAS + HEADER_GAS * BigInt(headers));
  return (standard > floor ? standard : floor) * baseFeeWei;
}

/** The same in blobs, which are paid for whole (one gas of blobs per byte). */
export const blobsWei = (data: Uint8Array, { blobBaseFeeWei }: L1Fees): bigint =>
  BigInt(blobCount(data.length) * BLOB_BYTES) * blobBaseFeeWei;
