import secp256k1 from "secp256k1";
import type { Address, Hex } from "viem";
import { bytesOfHex, concatBytes, fixedBytes, hexOf, naturalBytes, naturalOf } from "../../common/bytes.ts";
import { keccak } from "../../common/keccak.ts";
import { encodeRlp, type RlpInput } from "../../common/rlp.ts";
import { addressOfKey } from "../../common/signature.ts";

/** A signed transaction, and what its signature was made over: all that recovering its key needs. */
export interface Signed {
  readonly raw: Uint8Array;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly yParity: number;
}

export interface Wallet {
  readonly address: Address;
  readonly key: Uint8Array;
}

export interface BenchCall {
  readonly to: Hex;
  readonly valueWei: bigint;
  readonly data: Uint8Array;
  readonly gasLimit: bigint;
}

export const walletsOf = (count: number): Wallet[] =>
  Array.from({ length: count }, (_, i) => {
    const key = keccak(Buffer.from(`bench wallet ${i}`));
    return { address: addressOfKey(hexOf(key)), key };
  });

const EIP1559 = Uint8Array.of(2);
const MAX_FEE_WEI = 10n ** 10n;
const TIP_WEI = 10n ** 9n;

/** An EIP-1559 transaction, signed natively: viem would take a minute for what takes a second here. */
export function sign(chainId: bigint, { key }: Wallet, nonce: bigint, call: BenchCall): Signed {
  const { to, valueWei, data, gasLimit } = call;
  const fields: RlpInput[] = [chainId, nonce, TIP_WEI, MAX_FEE_WEI, gasLimit, bytesOfHex(to), valueWei, data, []];
  const digest = keccak(concatBytes(EIP1559, encodeRlp(fields)));
  const { signature, recid } = secp256k1.ecdsaSign(digest, key);
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map((word) => naturalBytes(naturalOf(word)));
  const raw = concatBytes(EIP1559, encodeRlp([...fields, BigInt(recid), r!, s!]));
  return {
    raw,
    digest,
    signature: concatBytes(fixedBytes(naturalOf(r!), 32), fixedBytes(naturalOf(s!), 32)),
    yParity: recid,
  };
}

/** What each wallet sends, told by the one after it. */
export type CallTo = (next: Wallet) => BenchCall;

/** 1 wei to the next wallet. */
export const transfer: CallTo = ({ address }) => ({
  to: address,
  valueWei: 1n,
  data: new Uint8Array(0),
  gasLimit: 30_000n,
});

/** Every wallet's transactions in turn, as strangers would send them. */
export const signedBy = (chainId: bigint, wallets: readonly Wallet[], each: number, call: CallTo): Signed[] =>
  Array.from({ length: each }, (_, nonce) =>
    wallets.map((wallet, i) => sign(chainId, wallet, BigInt(nonce), call(wallets[(i + 1) % wallets.length]!))),
  ).flat();
