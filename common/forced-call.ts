import { bytesOfHex, concatBytes, hexOf, naturalOf } from "./bytes.ts";
import { keccakHex } from "./keccak.ts";
import type { ForcedCallMessage } from "./message.ts";
import { decodeRlp, encodeRlp } from "./rlp.ts";
import type { Transaction } from "./transaction.ts";

/** The type byte of a transaction that L1 sent: nobody signed it, and no batch can hold it (P1.6). */
export const FORCED_CALL_TYPE = 0x7e;

/** The transaction a ForcedCall message is: `7e ‖ rlp([index, from, to, value, gasLimit, price, data])`. */
export const forcedCallOf = (message: ForcedCallMessage, index: bigint, chainId: bigint): Transaction =>
  parseForcedCall(
    concatBytes(
      Uint8Array.of(FORCED_CALL_TYPE),
      encodeRlp([
        index,
        bytesOfHex(message.from),
        bytesOfHex(message.to),
        message.valueWei,
        message.gasLimit,
        message.priceWei,
        bytesOfHex(message.data),
      ]),
    ),
    chainId,
  );

/** Inverse: the bytes are `forcedCallOf`'s. */
export function parseForcedCall(raw: Uint8Array, chainId: bigint): Transaction {
  const [, from, to, value, gasLimit, price, data] = decodeRlp(raw.subarray(1)) as Uint8Array[] as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return {
    type: FORCED_CALL_TYPE,
    chainId,
    nonce: 0n,
    maxTipWei: 0n,
    maxFeeWei: naturalOf(price),
    gasLimit: naturalOf(gasLimit),
    to: hexOf(to),
    valueWei: naturalOf(value),
    data,
    accessList: [],
    yParity: 0,
    r: 0n,
    s: 0n,
    raw,
    hash: keccakHex(raw),
    sender: hexOf(from),
  };
}
