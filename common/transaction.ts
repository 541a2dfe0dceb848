import type { Address, Hex } from "viem";
import { concatBytes, hexOf, naturalOf } from "./bytes.ts";
import { AnhError } from "./errors.ts";
import { keccak, keccakHex } from "./keccak.ts";
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem } from "./rlp.ts";
import { recoverAddress } from "./signature.ts";

/** An envelope that is no transaction of this chain, whatever the ledger says. */
export class TransactionError extends AnhError {}

export interface AccessEntry {
  readonly address: Address;
  readonly storageKeys: readonly Hex[];
}

/** A signed transaction; types 0 and 1 carry their gas price as both fees. Addresses are lower case. */
export interface Transaction {
  readonly type: 0 | 1 | 2;
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly maxTipWei: bigint;
  readonly maxFeeWei: bigint;
  readonly gasLimit: bigint;
  readonly to: Address | null;
  readonly valueWei: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessEntry[];
  readonly yParity: number;
  readonly r: bigint;
  readonly s: bigint;
  readonly raw: Uint8Array;
  readonly hash: Hex;
  readonly sender: Address;
}

export const MAX_NONCE = 2n ** 64n - 2n;

/**
 * Parses a canonical envelope of type 0 (EIP-155), 1 or 2 and recovers its sender (P2.2). Throws typed errors.
 * `knownSender` is for envelopes that were parsed before: recovery is nine tenths of the work.
 */
export function parseTransaction(raw: Uint8Array, chainId: bigint, knownSender?: Address): Transaction {
  const first = raw[0];
  if (first === undefined) throw new TransactionError("empty", "empty transaction");
  if (first >= 0xc0) return parseLegacy(raw, chainId, knownSender);
  if (first === 1 || first === 2) return parseTyped(raw, first, chainId, knownSender);
  if (first === 3) throw new TransactionError("type-3", "transaction type not supported: 3 (blob)", { actual: 3 });
  if (first === 4) throw new TransactionError("type-4", "transaction type not supported: 4 (set code)", { actual: 4 });
  throw new TransactionError("type", "transaction type not supported", { expected: "0, 1 or 2", actual: first });
}

function parseLegacy(raw: Uint8Array, chainId: bigint, knownSender: Address | undefined): Transaction {
  const items = fieldsOf(raw, 9);
  const v = natural(items, 6, "v", 33);
  // v is 27/28 without EIP-155: replayable on any chain, hence refused.
  if (v < 35n)
    throw new TransactionError("no-chain-id", "only replay-protected (EIP-155) transactions allowed over RPC");
  const signed: RlpInput = [...bytesAt(items, 0, 6), (v - 35n) / 2n, 0n, 0n];
  const gasPriceWei = natural(items, 1, "gasPrice", 32);
  return finish(raw, chainId, knownSender, {
    type: 0,
    chainId: (v - 35n) / 2n,
    nonce: natural(items, 0, "nonce", 8),
    maxTipWei: gasPriceWei,
    maxFeeWei: gasPriceWei,
    ...call(items, 2),
    accessList: [],
    yParity: Number((v - 35n) % 2n),
    r: natural(items, 7, "r", 32),
    s: natural(items, 8, "s", 32),
    digest: () => keccak(encodeRlp(signed)),
  });
}

function parseTyped(raw: Uint8Array, type: 1 | 2, chainId: bigint, knownSender: Address | undefined): Transaction {
  const count = type === 1 ? 11 : 12;
  const items = fieldsOf(raw.subarray(1), count);
  const fees = type === 1 ? 1 : 2;
  const at = 2 + fees;
  const yParity = natural(items, count - 3, "yParity", 1);
  if (yParity > 1n) throw new TransactionError("y-parity", "yParity must be 0 or 1", { actual: yParity });
  return finish(raw, chainId, knownSender, {
    type,
    chainId: natural(items, 0, "chainId", 32),
    nonce: natural(items, 1, "nonce", 8),
    maxTipWei: natural(items, 2, "maxPriorityFeePerGas", 32),
    maxFeeWei: natural(items, 1 + fees, "maxFeePerGas", 32),
    ...call(items, at),
    accessList: accessListOf(items[at + 4] as RlpItem),
    yParity: Number(yParity),
    r: natural(items, count - 2, "r", 32),
    s: natural(items, count - 1, "s", 32),
    digest: () => keccak(concatBytes(Uint8Array.of(type), encodeRlp(items.slice(0, count - 3) as RlpInput))),
  });
}

type Unfinished = Omit<Transaction, "raw" | "hash" | "sender"> & { digest: () => Uint8Array };

function finish(
  raw: Uint8Array,
  chainId: bigint,
  knownSender: Address | undefined,
  { digest, ...fields }: Unfinished,
): Transaction {
  if (fields.chainId !== chainId)
    throw new TransactionError("chain-id", `invalid chain id for signer: have ${fields.chainId} want ${chainId}`, {
      expected: chainId,
      actual: fields.chainId,
    });
  if (fields.nonce > MAX_NONCE)
    throw new TransactionError("nonce-max", "nonce has max value", { actual: fields.nonce });
  const sender = knownSender ?? recoverAddress(digest(), fields.r, fields.s, fields.yParity);
  return { ...fields, raw, hash: keccakHex(raw), sender };
}

function fieldsOf(bytes: Uint8Array, count: number): readonly RlpItem[] {
  const item = decodeRlp(bytes);
  if (item instanceof Uint8Array || item.length !== count)
    throw new TransactionError("fields", "wrong number of transaction fields", {
      expected: count,
      actual: item instanceof Uint8Array ? "a string" : item.length,
    });
  return item;
}

function bytesAt(items: readonly RlpItem[], from: number, to: number): Uint8Array[] {
  return items.slice(from, to).map((item, i) => {
    if (item instanceof Uint8Array) return item;
    throw new TransactionError("field", `transaction field ${from + i} is a list`, { expected: "bytes" });
  });
}

function natural(items: readonly RlpItem[], index: number, name: string, maxBytes: number): bigint {
  const [bytes] = bytesAt(items, index, index + 1) as [Uint8Array];
  if (bytes.length > maxBytes || bytes[0] === 0)
    throw new TransactionError("field", `${name} is not a shortest-form number of ≤ ${maxBytes} bytes`, {
      actual: hexOf(bytes.subarray(0, 40)),
    });
  return naturalOf(bytes);
}

/** gasLimit, to, value, data: four consecutive fields in every type. */
function call(items: readonly RlpItem[], at: number): Pick<Transaction, "gasLimit" | "to" | "valueWei" | "data"> {
  const [to, , data] = bytesAt(items, at + 1, at + 4) as [Uint8Array, Uint8Array, Uint8Array];
  if (to.length !== 0 && to.length !== 20)
    throw new TransactionError("to", "`to` must be empty or 20 bytes", { actual: to.length });
  return {
    gasLimit: natural(items, at, "gasLimit", 8),
    to: to.length === 0 ? null : hexOf(to),
    valueWei: natural(items, at + 2, "value", 32),
    data,
  };
}

function accessListOf(item: RlpItem): AccessEntry[] {
  if (item instanceof Uint8Array) throw new TransactionError("access-list", "access list is not a list");
  return item.map((entry) => {
    const [address, keys] = entry instanceof Uint8Array ? [] : entry;
    if (!(address instanceof Uint8Array) || address.length !== 20 || !Array.isArray(keys) || entry.length !== 2)
      throw new TransactionError("access-list", "access list entries are [address, keys]");
    const storageKeys = keys.map((key: RlpItem) => {
      if (key instanceof Uint8Array && key.length === 32) return hexOf(key);
      throw new TransactionError("access-list", "access list keys are 32 bytes");
    });
    return { address: hexOf(address), storageKeys };
  });
}
