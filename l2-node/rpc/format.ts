import { type Hex, numberToHex } from "viem";
import type { Authorization } from "../../common/authorization.ts";
import { smallerOf } from "../../common/bigint.ts";
import { hexOf } from "../../common/bytes.ts";
import { ZERO_HASH } from "../../common/hash.ts";
import {
  EMPTY_OMMERS_HASH,
  EMPTY_REQUESTS_HASH,
  encodeHeader,
  encodeOrigin,
  ZERO_BLOOM,
  ZERO_NONCE,
} from "../../common/header.ts";
import type { Transaction } from "../../common/transaction.ts";
import { EMPTY_TRIE_ROOT } from "../../common/trie.ts";
import type { Block } from "../chain/block.ts";
import type { LogRecord, Receipt } from "../execution/execution.ts";

export const hexQuantity = (value: bigint | number): Hex => numberToHex(value);

/** Any plain value as JSON-RPC has it: bigints as quantities, bytes as hex. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint") return hexQuantity(value);
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}

export interface Position {
  readonly block: Block;
  readonly index: number;
}

function pricePaidWei({ maxFeeWei, maxTipWei }: Transaction, { block, index }: Position): bigint {
  const outcome = block.transactions[index]?.outcome;
  // A forced one pays no tip (P2.10), or paid on L1.
  if (index < (block.forced ?? 0) && outcome?.status === "included") return outcome.priceWei;
  return smallerOf(maxFeeWei, block.header.baseFeeWei + maxTipWei);
}

/** A transaction object of the Ethereum API; without a position it is pending. */
export function formatTransaction(transaction: Transaction, position?: Position) {
  const { type, maxFeeWei, maxTipWei, yParity, chainId } = transaction;
  const priceWei = position ? pricePaidWei(transaction, position) : maxFeeWei;
  return {
    blockHash: position?.block.hash ?? null,
    blockNumber: position ? hexQuantity(position.block.header.number) : null,
    blockTimestamp: position ? hexQuantity(position.block.header.timestamp) : null,
    transactionIndex: position ? hexQuantity(position.index) : null,
    hash: transaction.hash,
    type: hexQuantity(type),
    chainId: hexQuantity(chainId),
    nonce: hexQuantity(transaction.nonce),
    from: transaction.sender,
    to: transaction.to,
    value: hexQuantity(transaction.valueWei),
    gas: hexQuantity(transaction.gasLimit),
    gasPrice: hexQuantity(priceWei),
    ...(type >= 2 ? { maxFeePerGas: hexQuantity(maxFeeWei), maxPriorityFeePerGas: hexQuantity(maxTipWei) } : {}),
    input: hexOf(transaction.data),
    ...(type === 0
      ? { v: hexQuantity(chainId * 2n + 35n + BigInt(yParity)) }
      : { accessList: transaction.accessList, yParity: hexQuantity(yParity), v: hexQuantity(yParity) }),
    ...(transaction.authorizations ? { authorizationList: transaction.authorizations.map(formatAuthorization) } : {}),
    r: hexQuantity(transaction.r),
    s: hexQuantity(transaction.s),
  };
}

const formatAuthorization = ({ chainId, address, nonce, yParity, r, s }: Authorization) => ({
  chainId: hexQuantity(chainId),
  address,
  nonce: hexQuantity(nonce),
  yParity: hexQuantity(yParity),
  r: hexQuantity(r),
  s: hexQuantity(s),
});

/** Included transactions with their positions; skipped ones are no part of a block's life on Ethereum's API. */
export const includedOf = (block: Block) =>
  block.transactions.flatMap(({ transaction, outcome }, index) =>
    transaction && outcome.status === "included" ? [{ transaction, index }] : [],
  );

/** A header as subscriptions tell it. */
export function formatHead(block: Block) {
  const { transactions: _, uncles: __, withdrawals: ___, size: ____, ...head } = formatBlock(block, false);
  return head;
}

/** A block object. Every field Ethereum clients insist on has its true value: nothing about execution is in a header. */
export function formatBlock(block: Block, full: boolean) {
  const { header } = block;
  const included = includedOf(block);
  return {
    number: hexQuantity(header.number),
    hash: block.hash,
    parentHash: header.parentHash,
    sha3Uncles: EMPTY_OMMERS_HASH,
    miner: header.beneficiary,
    stateRoot: header.stateRoot,
    transactionsRoot: header.transactionsRoot,
    receiptsRoot: EMPTY_TRIE_ROOT,
    logsBloom: ZERO_BLOOM,
    difficulty: "0x0",
    gasLimit: hexQuantity(header.gasLimit),
    gasUsed: hexQuantity(header.gasUsed),
    timestamp: hexQuantity(header.timestamp),
    extraData: hexOf(encodeOrigin(header.origin)),
    mixHash: header.mixHash,
    nonce: ZERO_NONCE,
    baseFeePerGas: hexQuantity(header.baseFeeWei),
    withdrawalsRoot: EMPTY_TRIE_ROOT,
    blobGasUsed: "0x0",
    excessBlobGas: "0x0",
    parentBeaconBlockRoot: ZERO_HASH,
    requestsHash: EMPTY_REQUESTS_HASH,
    size: hexQuantity(block.transactions.reduce((sum, { raw }) => sum + raw.length, encodeHeader(header).length)),
    uncles: [],
    withdrawals: [],
    transactions: included.map(({ transaction, index }) =>
      full ? formatTransaction(transaction, { block, index }) : transaction.hash,
    ),
  };
}

export const formatLog = (log: LogRecord, timestamp: bigint | undefined) => ({
  address: log.address,
  topics: log.topics,
  data: log.data,
  blockNumber: hexQuantity(log.blockNumber),
  blockHash: log.blockHash,
  ...(timestamp === undefined ? {} : { blockTimestamp: hexQuantity(timestamp) }),
  transactionHash: log.transactionHash,
  transactionIndex: hexQuantity(log.transactionIndex),
  logIndex: hexQuantity(log.logIndex),
  removed: false,
});

export const formatReceipt = (receipt: Receipt, timestamp: bigint | undefined) => ({
  transactionHash: receipt.transactionHash,
  transactionIndex: hexQuantity(receipt.transactionIndex),
  blockHash: receipt.blockHash,
  blockNumber: hexQuantity(receipt.blockNumber),
  from: receipt.from,
  to: receipt.to,
  contractAddress: receipt.contractAddress,
  type: hexQuantity(receipt.type),
  status: receipt.status === "success" ? "0x1" : "0x0",
  gasUsed: hexQuantity(receipt.gasUsed),
  cumulativeGasUsed: hexQuantity(receipt.cumulativeGasUsed),
  effectiveGasPrice: hexQuantity(receipt.effectiveGasPrice),
  logsBloom: receipt.logsBloom,
  logs: receipt.logs.map((log) => formatLog(log, timestamp)),
  // Where it was sequenced: an earlier block than `blockNumber` if it was parked.
  includedInBlock: hexQuantity(receipt.includedInBlock),
  includedAtIndex: hexQuantity(receipt.includedAtIndex),
  ...(receipt.revertData === undefined ? {} : { revertReason: receipt.revertData }),
});
