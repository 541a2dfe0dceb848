import type { Address, Hex } from "viem";
import { type Authorization, authorizationsOf } from "./authorization.ts";
import { concatBytes, hexOf } from "./bytes.ts";
import { keccak, keccakHex } from "./keccak.ts";
import { encodeRlp, type RlpInput, type RlpItem } from "./rlp.ts";
import { recoverAddress } from "./signature.ts";
import { type AccessEntry, accessListOf, bytesAt, fieldsOf, natural, TransactionError } from "./transaction-fields.ts";

/** A transaction, signed or (type 0x7e) sent from L1; types 0 and 1 carry their gas price as both fees. Addresses are lower case. */
export interface Transaction {
  readonly type: 0 | 1 | 2 | 4 | 0x7e;
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly maxTipWei: bigint;
  readonly maxFeeWei: bigint;
  readonly gasLimit: bigint;
  readonly to: Address | null;
  readonly valueWei: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly AccessEntry[];
  /** Of type 4 only. */
  readonly authorizations?: readonly Authorization[];
  readonly yParity: number;
  readonly r: bigint;
  readonly s: bigint;
  readonly raw: Uint8Array;
  readonly hash: Hex;
  readonly sender: Address;
}

export const MAX_NONCE = 2n ** 64n - 2n;

/** All of an envelope but its sender, and what the signature (yParity, r, s) was made over. */
export interface Envelope {
  readonly transaction: Omit<Transaction, "sender">;
  readonly digest: () => Uint8Array;
}

/**
 * Parses a canonical envelope of type 0 (EIP-155), 1, 2 or 4 and recovers its sender (P2.2). Throws typed errors.
 * `knownSender` is for envelopes that were parsed before: recovery is nine tenths of the work.
 */
export function parseTransaction(raw: Uint8Array, chainId: bigint, knownSender?: Address): Transaction {
  const { transaction, digest } = parseEnvelope(raw, chainId);
  const { r, s, yParity } = transaction;
  return { ...transaction, sender: knownSender ?? recoverAddress(digest(), r, s, yParity) };
}

/** As `parseTransaction`, for who recovers the sender elsewhere. */
export function parseEnvelope(raw: Uint8Array, chainId: bigint): Envelope {
  const first = raw[0];
  if (first === undefined) throw new TransactionError("empty", "empty transaction");
  if (first >= 0xc0) return parseLegacy(raw, chainId);
  if (first === 1 || first === 2 || first === 4) return parseTyped(raw, first, chainId);
  if (first === 3) throw new TransactionError("type-3", "transaction type not supported: 3 (blob)", { actual: 3 });
  throw new TransactionError("type", "transaction type not supported", { expected: "0, 1, 2 or 4", actual: first });
}

function parseLegacy(raw: Uint8Array, chainId: bigint): Envelope {
  const items = fieldsOf(raw, 9);
  const v = natural(items, 6, "v", 33);
  // v is 27/28 without EIP-155: replayable on any chain, hence refused.
  if (v < 35n)
    throw new TransactionError("no-chain-id", "only replay-protected (EIP-155) transactions allowed over RPC");
  const signed: RlpInput = [...bytesAt(items, 0, 6), (v - 35n) / 2n, 0n, 0n];
  const gasPriceWei = natural(items, 1, "gasPrice", 32);
  return finish(raw, chainId, {
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

/** Fields of each typed envelope: gas price or two fees, then the call, its access list, and type 4's authorizations. */
const FIELDS = { 1: 11, 2: 12, 4: 13 } as const;

function parseTyped(raw: Uint8Array, type: 1 | 2 | 4, chainId: bigint): Envelope {
  const count = FIELDS[type];
  const items = fieldsOf(raw.subarray(1), count);
  const fees = type === 1 ? 1 : 2;
  const at = 2 + fees;
  const yParity = natural(items, count - 3, "yParity", 1);
  const target = call(items, at);
  if (type === 4 && target.to === null) throw new TransactionError("to", "a set-code transaction creates no contract");
  if (yParity > 1n) throw new TransactionError("y-parity", "yParity must be 0 or 1", { actual: yParity });
  return finish(raw, chainId, {
    type,
    chainId: natural(items, 0, "chainId", 32),
    nonce: natural(items, 1, "nonce", 8),
    maxTipWei: natural(items, 2, "maxPriorityFeePerGas", 32),
    maxFeeWei: natural(items, 1 + fees, "maxFeePerGas", 32),
    ...target,
    accessList: accessListOf(items[at + 4] as RlpItem),
    ...(type === 4 ? { authorizations: authorizationsOf(items[at + 5] as RlpItem) } : {}),
    yParity: Number(yParity),
    r: natural(items, count - 2, "r", 32),
    s: natural(items, count - 1, "s", 32),
    digest: () => keccak(concatBytes(Uint8Array.of(type), encodeRlp(items.slice(0, count - 3) as RlpInput))),
  });
}

type Unfinished = Omit<Transaction, "raw" | "hash" | "sender"> & { digest: () => Uint8Array };

function finish(raw: Uint8Array, chainId: bigint, { digest, ...fields }: Unfinished): Envelope {
  if (fields.chainId !== chainId)
    throw new TransactionError("chain-id", `invalid chain id for signer: have ${fields.chainId} want ${chainId}`, {
      expected: chainId,
      actual: fields.chainId,
    });
  if (fields.nonce > MAX_NONCE)
    throw new TransactionError("nonce-max", "nonce has max value", { actual: fields.nonce });
  return { transaction: { ...fields, raw, hash: keccakHex(raw) }, digest };
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
