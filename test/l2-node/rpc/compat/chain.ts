// The published chain, block by block, as a chain of ours: the same state at genesis, the same envelopes in the same
// places, the same times, prices and coinbases. Hashes of blocks differ, and what a block says about its execution.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RLP } from "@ethereumjs/rlp";
import type { Address, Hex } from "viem";
import { concatBytes, hexOf, naturalOf } from "../../../../common/bytes.ts";
import type { ChainFile, GenesisAlloc } from "../../../../common/chain-file.ts";
import { AnhError } from "../../../../common/errors.ts";
import { hashHeader, transactionsRoot } from "../../../../common/header.ts";
import { keccak, keccakHex } from "../../../../common/keccak.ts";
import { recoverAddress } from "../../../../common/signature.ts";
import { parseTransaction, type Transaction } from "../../../../common/transaction.ts";
import type { Block, BlockTransaction } from "../../../../l2-node/chain/block.ts";
import type { Built } from "../../../../l2-node/chain/builder.ts";
import { delegationsOf } from "../../../../l2-node/ledger/delegations.ts";
import { priceWei } from "../../../../l2-node/ledger/gas.ts";
import { overlay } from "../../../../l2-node/ledger/ledger.ts";
import { MemoryL1 } from "../../../support/memory-l1.ts";
import { PREDEPLOYS } from "../../execution/rig.ts";

type Item = Uint8Array | Item[];
const bytes = (item: Item | undefined) => item as Uint8Array;
const list = (item: Item | undefined) => item as Item[];

interface GenesisFile {
  readonly config: { readonly chainId: number };
  readonly gasLimit: Hex;
  readonly alloc: Record<
    string,
    { readonly balance: Hex; readonly nonce?: Hex; readonly code?: Hex; readonly storage?: Record<Hex, Hex> }
  >;
}

const ENOUGH_WEI = 10n ** 30n;

/** An L1 whose bytes are free: the published transactions pay for none. */
export function freeL1(): MemoryL1 {
  const l1 = new MemoryL1();
  l1.headers.splice(0, l1.headers.length, ...l1.headers.map((header) => ({ ...header, baseFeeWei: 0n })));
  return l1;
}

export function chainFileOf(folder: string, base: ChainFile): ChainFile {
  const genesis = JSON.parse(readFileSync(join(folder, "genesis.json"), "utf8")) as GenesisFile;
  const alloc = Object.fromEntries(
    Object.entries(genesis.alloc).map(([address, { balance, nonce, code, storage }]) => [
      `0x${address.replace(/^0x/, "").toLowerCase()}`,
      {
        balanceWei: BigInt(balance),
        ...(nonce ? { nonce: BigInt(nonce) } : {}),
        ...(code ? { code } : {}),
        ...(storage ? { storage } : {}),
      },
    ]),
  ) as GenesisAlloc;
  const header = { ...base.genesis.header, timestamp: 0n, gasLimit: BigInt(genesis.gasLimit) };
  return {
    ...base,
    l2ChainId: BigInt(genesis.config.chainId),
    genesis: { header, hash: hashHeader(header), alloc: { ...PREDEPLOYS, ...alloc } },
  };
}

export interface PublishedBlock {
  readonly hash: Hex;
  /** Our child of `parent` with this block's content. */
  readonly over: (parent: Block, file: ChainFile) => Built;
}

/** The published blocks above genesis, in order; `genesisHash` is the first one's parent. */
export function publishedBlocks(folder: string): { readonly genesisHash: Hex; readonly blocks: PublishedBlock[] } {
  const blocks: PublishedBlock[] = [];
  let genesisHash: Hex | undefined;
  let rest = new Uint8Array(readFileSync(join(folder, "chain.rlp")));
  while (rest.length > 0) {
    const { data, remainder } = RLP.decode(rest, true);
    rest = remainder as Uint8Array<ArrayBuffer>;
    const [header, transactions] = data as Item[];
    genesisHash ??= hexOf(bytes(list(header)[0]));
    const raws = list(transactions).map((item) => (item instanceof Uint8Array ? item : RLP.encode(item as never)));
    blocks.push({
      hash: keccakHex(RLP.encode(header as never)),
      over: (parent, file) => translate(list(header), raws, parent, file),
    });
  }
  return { genesisHash: genesisHash!, blocks };
}

function translate(fields: Item[], raws: Uint8Array[], parent: Block, file: ChainFile): Built {
  const baseFeeWei = fields[15] ? naturalOf(bytes(fields[15])) : 0n;
  const entries = raws.map((raw) => entryOf(raw, file.l2ChainId, baseFeeWei));
  const header = {
    ...parent.header,
    parentHash: parent.hash,
    beneficiary: hexOf(bytes(fields[2])) as Address,
    transactionsRoot: transactionsRoot(raws),
    number: naturalOf(bytes(fields[8])),
    gasLimit: naturalOf(bytes(fields[9])),
    gasUsed: entries.reduce((sum, { transaction }) => sum + (transaction?.gasLimit ?? 0n), 0n),
    timestamp: naturalOf(bytes(fields[11])),
    mixHash: hexOf(bytes(fields[13])),
    baseFeeWei,
  };
  const ledger = overlay({ account: () => ({ prepaidWei: ENOUGH_WEI, nonce: 0n, redeemedWei: 0n }) });
  for (const account of parent.header.number === 0n ? Object.keys(file.genesis.alloc) : [])
    ledger.set(account as Address, { prepaidWei: ENOUGH_WEI, nonce: 0n, redeemedWei: 0n });
  for (const { transaction } of entries)
    if (transaction)
      ledger.set(transaction.sender, { prepaidWei: ENOUGH_WEI, nonce: transaction.nonce + 1n, redeemedWei: 0n });
  const block = {
    header,
    hash: hashHeader(header),
    inboxOnly: false,
    firstMessage: parent.firstMessage,
    transactions: entries,
  };
  return { block, ledger };
}

/** What is no transaction here keeps its place, as in a derived block. */
function entryOf(raw: Uint8Array, chainId: bigint, baseFeeWei: bigint): BlockTransaction {
  try {
    const transaction = unprotected(raw, chainId) ?? blobless(raw) ?? parseTransaction(raw, chainId);
    // The one published authorization is its signer's first.
    const delegations = delegationsOf(transaction.authorizations ?? [], chainId, () => 0n);
    const outcome = {
      status: "included",
      priceWei: priceWei(transaction, baseFeeWei),
      dataGas: 0n,
      ...(delegations.length > 0 ? { delegations } : {}),
    } as const;
    return { hash: transaction.hash, raw, transaction, outcome };
  } catch (error) {
    if (!(error instanceof AnhError)) throw error;
    return { hash: keccakHex(raw), raw, transaction: undefined, outcome: { status: "skipped", reason: error.message } };
  }
}

/** The early blocks' transactions, signed for any chain (v is 27 or 28): refused here, but they deploy what others call. */
function unprotected(raw: Uint8Array, chainId: bigint): Transaction | undefined {
  if (raw[0]! < 0xc0) return undefined;
  const fields = RLP.decode(raw) as Uint8Array[];
  const number = (index: number) => naturalOf(fields[index]!);
  if (number(6) > 28n) return undefined;
  const yParity = Number(number(6) - 27n);
  const digest = keccak(RLP.encode(fields.slice(0, 6)));
  return {
    type: 0,
    chainId,
    nonce: number(0),
    maxTipWei: number(1),
    maxFeeWei: number(1),
    gasLimit: number(2),
    to: fields[3]!.length === 0 ? null : hexOf(fields[3]!),
    valueWei: number(4),
    data: fields[5]!,
    accessList: [],
    yParity,
    r: number(7),
    s: number(8),
    raw,
    hash: keccakHex(raw),
    sender: recoverAddress(digest, number(7), number(8), yParity),
  };
}

/** A blob transaction without its blobs: refused here, but its call leaves traces that others count. */
function blobless(raw: Uint8Array): Transaction | undefined {
  if (raw[0] !== 3) return undefined;
  const fields = RLP.decode(raw.subarray(1)) as Uint8Array[];
  const number = (index: number) => naturalOf(fields[index]!);
  const yParity = Number(number(11));
  const digest = keccak(concatBytes(Uint8Array.of(3), RLP.encode(fields.slice(0, 11))));
  return {
    type: 2,
    chainId: number(0),
    nonce: number(1),
    maxTipWei: number(2),
    maxFeeWei: number(3),
    gasLimit: number(4),
    to: hexOf(fields[5]!),
    valueWei: number(6),
    data: fields[7]!,
    accessList: (fields[8] as never as [Uint8Array, Uint8Array[]][]).map(([address, keys]) => ({
      address: hexOf(address),
      storageKeys: keys.map((key) => hexOf(key)),
    })),
    yParity,
    r: number(12),
    s: number(13),
    raw,
    hash: keccakHex(raw),
    sender: recoverAddress(digest, number(12), number(13), yParity),
  };
}

/** Text with every known hash of a published block replaced by ours, in the midst of longer data too. */
export const translator = (hashes: ReadonlyMap<Hex, Hex>) => (text: string) =>
  [...hashes].reduce((translated, [theirs, ours]) => translated.replaceAll(theirs.slice(2), ours.slice(2)), text);
