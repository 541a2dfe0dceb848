import { largerOf, smallerOf } from "../../common/bigint.ts";
import type { Transaction } from "../../common/transaction.ts";

/** EIP-3860. */
export const MAX_INITCODE_BYTES = 49_152;
/** Gas an L1 byte is priced at: EIP-7623's floor for a non-zero byte of calldata (P2.3). */
export const L1_GAS_PER_BYTE = 40n;

type Priced = Pick<Transaction, "to" | "data" | "accessList"> & {
  readonly authorizations?: readonly unknown[] | undefined;
};

function zeroBytes(data: Uint8Array): number {
  let zeros = 0;
  for (const byte of data) if (byte === 0) zeros++;
  return zeros;
}

/** EIP-7702's PER_EMPTY_ACCOUNT_COST: due for every authorization, valid or not. */
const AUTHORIZATION_GAS = 25_000;

/** Gas due before execution: base, creation, calldata, lists, initcode words (EIP-2028, 2930, 3860, 7702). */
export function intrinsicGas({ to, data, accessList, authorizations = [] }: Priced): bigint {
  const zeros = zeroBytes(data);
  const creation = to === null ? 32_000 + 2 * Math.ceil(data.length / 32) : 0;
  const access = accessList.reduce((sum, entry) => sum + 2400 + 1900 * entry.storageKeys.length, 0);
  const setting = AUTHORIZATION_GAS * authorizations.length;
  return BigInt(21_000 + creation + 4 * zeros + 16 * (data.length - zeros) + access + setting);
}

/** EIP-7623: 21,000 + 10 per token, a zero byte being one token, any other four. */
export function floorGas(data: Uint8Array): bigint {
  const zeros = zeroBytes(data);
  return BigInt(21_000 + 10 * (zeros + 4 * (data.length - zeros)));
}

/** max(intrinsic, floor): what even an empty run uses (P2.2). */
export function minimumGas(transaction: Priced): bigint {
  return largerOf(intrinsicGas(transaction), floorGas(transaction.data));
}

/** price = min(maxFee, baseFee + tip) (P2.3). */
export const priceWei = ({ maxFeeWei, maxTipWei }: Pick<Transaction, "maxFeeWei" | "maxTipWei">, baseFeeWei: bigint) =>
  smallerOf(maxFeeWei, baseFeeWei + maxTipWei);

/** ⌈bytes × originL1FeePerByte / price⌉ (P2.3). */
export const dataGasUp = (bytes: number, originL1FeePerByteWei: bigint, price: bigint): bigint =>
  (BigInt(bytes) * originL1FeePerByteWei + price - 1n) / price;

export const l1FeePerByteWei = (originBaseFeeWei: bigint): bigint => L1_GAS_PER_BYTE * originBaseFeeWei;
