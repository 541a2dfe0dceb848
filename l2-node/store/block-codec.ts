import type { Address } from "viem";
import { bytesOfHex, hexOf, naturalOf } from "../../common/bytes.ts";
import type { ChainFile } from "../../common/chain-file.ts";
import { FORCED_CALL_TYPE, parseForcedCall } from "../../common/forced-call.ts";
import { decodeHeader, encodeHeader } from "../../common/header.ts";
import { keccakHex } from "../../common/keccak.ts";
import { decodeRlp, encodeRlp, type RlpInput, type RlpItem } from "../../common/rlp.ts";
import { parseTransaction, type Transaction } from "../../common/transaction.ts";
import type { Block, BlockTransaction } from "../chain/block.ts";
import type { Delegation } from "../ledger/delegations.ts";
import type { LedgerAccount } from "../ledger/ledger.ts";

// How blocks lie in the store: RLP of
// [header, hash, inboxOnly, firstMessage, source, [[raw, sender, 1, price, dataGas, delegations] or [raw, sender, 0,
// reason], …], forced, lineage], delegations being [[authority, delegate, nonce], …], source 1 where sealedHere, 2 where fallback.

/** Of blocks written before there was a lineage. */
const NONE = new Uint8Array(0);

export function encodeBlock(block: Block): Uint8Array {
  return encodeRlp([
    encodeHeader(block.header),
    bytesOfHex(block.hash),
    block.inboxOnly ? 1n : 0n,
    block.firstMessage,
    block.sealedHere ? 1n : block.fallback ? 2n : 0n,
    block.transactions.map(({ raw, transaction, outcome }): RlpInput => {
      const sender = bytesOfHex(transaction?.sender ?? "0x");
      if (outcome.status === "included")
        return [raw, sender, 1n, outcome.priceWei, outcome.dataGas, encodeDelegations(outcome.delegations ?? [])];
      return [raw, sender, 0n, Buffer.from(outcome.reason, "utf8")];
    }),
    BigInt(block.forced ?? 0),
    bytesOfHex(block.lineage ?? "0x"),
  ]);
}

/** Fields were written by `encodeBlock`, so the casts hold; transactions of other chains stay unparsed. */
export function decodeBlock(bytes: Uint8Array, chain: ChainFile): Block {
  const [header, hash, inboxOnly, firstMessage, source, transactions, forced, lineage = NONE] = decodeRlp(
    bytes,
  ) as readonly RlpItem[] as readonly [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    readonly (readonly RlpItem[])[],
    Uint8Array,
    Uint8Array,
  ];
  return {
    header: decodeHeader(header),
    hash: hexOf(hash),
    inboxOnly: inboxOnly.length === 1,
    ...(lineage.length > 0 ? { lineage: hexOf(lineage) } : {}),
    firstMessage: naturalOf(firstMessage),
    transactions: transactions.map((fields) => decodeTransaction(fields, chain.l2ChainId)),
    ...(forced.length > 0 ? { forced: Number(naturalOf(forced)) } : {}),
    ...(naturalOf(source) === 1n ? { sealedHere: true } : {}),
    ...(naturalOf(source) === 2n ? { fallback: true } : {}),
  };
}

const encodeDelegations = (delegations: readonly Delegation[]): RlpInput =>
  delegations.map(({ authority, delegate, nonce }) => [bytesOfHex(authority), bytesOfHex(delegate), nonce]);

const decodeDelegations = (items: readonly RlpItem[]): Delegation[] =>
  (items as readonly (readonly [Uint8Array, Uint8Array, Uint8Array])[]).map(([authority, delegate, nonce]) => ({
    authority: hexOf(authority),
    delegate: hexOf(delegate),
    nonce: naturalOf(nonce),
  }));

function decodeTransaction(fields: readonly RlpItem[], chainId: bigint): BlockTransaction {
  const [raw, sender, included, priceOrReason, dataGas] = fields as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const delegations = decodeDelegations((fields[5] as readonly RlpItem[] | undefined) ?? []);
  return {
    hash: keccakHex(raw),
    raw,
    transaction: sender.length === 0 ? undefined : parse(raw, chainId, hexOf(sender)),
    outcome:
      included.length === 1
        ? {
            status: "included",
            priceWei: naturalOf(priceOrReason),
            dataGas: naturalOf(dataGas),
            ...(delegations.length > 0 ? { delegations } : {}),
          }
        : { status: "skipped", reason: Buffer.from(priceOrReason).toString("utf8") },
  };
}

const parse = (raw: Uint8Array, chainId: bigint, sender: Address): Transaction =>
  raw[0] === FORCED_CALL_TYPE ? parseForcedCall(raw, chainId) : parseTransaction(raw, chainId, sender);

/** An account beside its address: a row that got another's content does not pass. */
export const encodeAccount = (address: Address, account: LedgerAccount): Uint8Array => encodeUndo([[address, account]]);

/** Ledger accounts as they were before a block: RLP of [[address, prepaid, nonce, redeemed], …]. */
export const encodeUndo = (before: readonly (readonly [Address, LedgerAccount])[]): Uint8Array =>
  encodeRlp(
    before.map(([address, account]) => [bytesOfHex(address), account.prepaidWei, account.nonce, account.redeemedWei]),
  );

export const decodeUndo = (bytes: Uint8Array): [Address, LedgerAccount][] =>
  (decodeRlp(bytes) as readonly (readonly Uint8Array[])[]).map(([address, prepaid, nonce, redeemed]) => [
    hexOf(address as Uint8Array),
    {
      prepaidWei: naturalOf(prepaid as Uint8Array),
      nonce: naturalOf(nonce as Uint8Array),
      redeemedWei: naturalOf(redeemed as Uint8Array),
    },
  ]);
