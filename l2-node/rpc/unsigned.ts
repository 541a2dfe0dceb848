import type { Address, Hex } from "viem";
import { bytesOfHex, concatBytes } from "../../common/bytes.ts";
import { keccakHex } from "../../common/keccak.ts";
import { encodeRlp } from "../../common/rlp.ts";
import type { Transaction } from "../../common/transaction.ts";

export type UnsignedFields = Omit<Transaction, "data" | "yParity" | "r" | "s" | "raw" | "hash" | "type"> & {
  readonly type: 0 | 1 | 2;
  readonly data: Hex | Uint8Array;
  readonly to: Address | null;
};

/** A transaction nobody has signed: yParity, r and s are zero, in its envelope too. */
export function unsignedTransaction(fields: UnsignedFields): Transaction {
  const { type, chainId, nonce, maxTipWei, maxFeeWei, gasLimit, to, valueWei, accessList } = fields;
  const data = typeof fields.data === "string" ? bytesOfHex(fields.data) : fields.data;
  const call = [gasLimit, bytesOfHex(to ?? "0x"), valueWei, data];
  const listed = accessList.map(({ address, storageKeys }) => [bytesOfHex(address), storageKeys.map(bytesOfHex)]);
  const zeros = [0n, 0n, 0n];
  const raw =
    type === 0
      ? encodeRlp([nonce, maxFeeWei, ...call, ...zeros])
      : concatBytes(
          Uint8Array.of(type),
          encodeRlp([chainId, nonce, ...(type === 2 ? [maxTipWei] : []), maxFeeWei, ...call, listed, ...zeros]),
        );
  return { ...fields, data, yParity: 0, r: 0n, s: 0n, raw, hash: keccakHex(raw) };
}
