import type { Address, Hex, SignedAuthorization } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { bytesOfHex, fixedBytes, hexOf } from "../../common/bytes.ts";
import { keccakHex } from "../../common/keccak.ts";
import { parseTransaction, type Transaction } from "../../common/transaction.ts";
import type { AccessEntry } from "../../common/transaction-fields.ts";

export const TEST_CHAIN_ID = 4141n;

/** Private key number `n`, and its account. */
export const testKey = (n: number): Hex => hexOf(fixedBytes(BigInt(n + 1) * 7919n, 32));
export const testAccount = (n: number) => privateKeyToAccount(testKey(n));
export const testAddress = (n: number): Address => testAccount(n).address.toLowerCase() as Address;

/** A parsed transaction nobody signed, for rules that do not look at signatures. */
export function unsigned(fields: Partial<Transaction>): Transaction {
  const base = {
    type: 2 as const,
    chainId: TEST_CHAIN_ID,
    nonce: 0n,
    maxTipWei: 1_000_000n,
    maxFeeWei: 1_000_000_000n,
    gasLimit: 100_000n,
    to: `0x${"33".repeat(20)}` as Address,
    valueWei: 0n,
    data: new Uint8Array(0),
    accessList: [],
    yParity: 0,
    r: 1n,
    s: 1n,
    raw: new Uint8Array(110).fill(1),
    sender: testAddress(0),
    ...fields,
  };
  return {
    ...base,
    hash: fields.hash ?? keccakHex(Buffer.from(`${base.sender}${base.nonce}${base.maxFeeWei}${base.to}`)),
  };
}

export interface SignFields {
  readonly key?: number;
  readonly nonce?: number;
  readonly gas?: bigint;
  readonly to?: Address | null;
  readonly value?: bigint;
  readonly data?: Hex;
  readonly maxFeePerGas?: bigint;
  readonly maxPriorityFeePerGas?: bigint;
  readonly chainId?: bigint;
  readonly accessList?: readonly AccessEntry[];
  /** Makes it a type-4 envelope. */
  readonly authorizationList?: readonly SignedAuthorization[];
}

/** Test account `key`'s word that its code shall be `address`'s. */
export const authorize = (key: number, address: Address, nonce: number, chainId = TEST_CHAIN_ID) =>
  testAccount(key).signAuthorization({ address, nonce, chainId: Number(chainId) });

/** A raw EIP-1559 or EIP-7702 envelope signed by test account `key`. */
export async function signRaw(fields: SignFields): Promise<Hex> {
  const { authorizationList } = fields;
  return testAccount(fields.key ?? 0).signTransaction({
    ...(authorizationList ? { type: "eip7702", authorizationList } : { type: "eip1559" }),
    chainId: Number(fields.chainId ?? TEST_CHAIN_ID),
    nonce: fields.nonce ?? 0,
    gas: fields.gas ?? 100_000n,
    ...(fields.to === null ? {} : { to: fields.to ?? `0x${"33".repeat(20)}` }),
    value: fields.value ?? 0n,
    data: fields.data ?? "0x",
    maxFeePerGas: fields.maxFeePerGas ?? 10_000_000_000n,
    maxPriorityFeePerGas: fields.maxPriorityFeePerGas ?? 1_000_000_000n,
    ...(fields.accessList ? { accessList: fields.accessList } : {}),
  });
}

export const signParsed = async (fields: SignFields): Promise<Transaction> =>
  parseTransaction(bytesOfHex(await signRaw(fields)), fields.chainId ?? TEST_CHAIN_ID);
