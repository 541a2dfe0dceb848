import secp256k1 from "secp256k1";
import type { Address, Hex } from "viem";
import { bytesOfHex, concatBytes, fixedBytes, hexOf, naturalBytes, naturalOf } from "../../common/bytes.ts";
import { keccak } from "../../common/keccak.ts";
import { encodeRlp, type RlpInput } from "../../common/rlp.ts";
import { addressOfKey } from "../../common/signature.ts";

/** A signed transfer, and what its signature was made over: all that recovering its key needs. */
export interface Transfer {
  readonly raw: Uint8Array;
  readonly digest: Uint8Array;
  readonly signature: Uint8Array;
  readonly yParity: number;
}

export interface Wallet {
  readonly address: Address;
  readonly key: Uint8Array;
}

export const walletsOf = (count: number): Wallet[] =>
  Array.from({ length: count }, (_, i) => {
    const key = keccak(Buffer.from(`bench wallet ${i}`));
    return { address: addressOfKey(hexOf(key)), key };
  });

const EIP1559 = Uint8Array.of(2);
const GAS_LIMIT = 30_000n;
const MAX_FEE_WEI = 10n ** 10n;
const TIP_WEI = 10n ** 9n;

/** An EIP-1559 transfer of 1 wei, signed natively: viem would take a minute for what takes a second here. */
export function signTransfer(chainId: bigint, { key }: Wallet, nonce: bigint, to: Hex): Transfer {
  const fields: RlpInput[] = [
    chainId,
    nonce,
    TIP_WEI,
    MAX_FEE_WEI,
    GAS_LIMIT,
    bytesOfHex(to),
    1n,
    new Uint8Array(0),
    [],
  ];
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

/** Every wallet's transfers in turn, as strangers would send them. */
export const transfersOf = (chainId: bigint, wallets: readonly Wallet[], each: number): Transfer[] =>
  Array.from({ length: each }, (_, nonce) =>
    wallets.map((wallet, i) =>
      signTransfer(chainId, wallet, BigInt(nonce), wallets[(i + 1) % wallets.length]!.address),
    ),
  ).flat();
