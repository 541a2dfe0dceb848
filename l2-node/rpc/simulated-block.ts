import type { Hex } from "viem";
import { type Header, hashHeader, transactionsRoot } from "../../common/header.ts";
import type { Transaction } from "../../common/transaction.ts";
import { EMPTY_TRIE_ROOT } from "../../common/trie.ts";
import type { Block } from "../chain/block.ts";
import type { RunBlock } from "../execution/run.ts";
import type { SimulatedOutcome } from "../execution/simulate.ts";
import { failure } from "./calls.ts";
import { RPC_CODE } from "./errors.ts";
import { formatBlock, formatLog, hexQuantity } from "./format.ts";
import { unsignedTransaction } from "./unsigned.ts";

/** What a call asked for, beyond what its run tells. */
export interface AskedFees {
  readonly maxFeeWei: bigint;
  readonly maxTipWei: bigint;
  /** It named a gas price, and so becomes a transaction of type 0. */
  readonly isLegacy: boolean;
}

/** The block that these outcomes make over `parent`, with the fixed header fields of P3.1 and the parent's origin. */
export function simulatedBlock(
  parent: Pick<Block, "header" | "hash">,
  env: RunBlock,
  outcomes: readonly SimulatedOutcome[],
  fees: readonly AskedFees[],
  chainId: bigint,
): Block {
  const transactions = outcomes.map((outcome, i) => transactionOf(outcome, fees[i]!, chainId));
  const header: Header = {
    ...parent.header,
    parentHash: parent.hash,
    beneficiary: env.beneficiary,
    stateRoot: EMPTY_TRIE_ROOT,
    transactionsRoot: transactionsRoot(transactions.map(({ raw }) => raw)),
    number: env.number,
    gasLimit: env.gasLimit,
    gasUsed: outcomes.reduce((sum, { gasUsed }) => sum + gasUsed, 0n),
    timestamp: env.timestamp,
    mixHash: env.mixHash,
    baseFeeWei: env.baseFeeWei,
  };
  return {
    header,
    hash: hashHeader(header),
    inboxOnly: false,
    firstMessage: 0n,
    transactions: transactions.map((transaction) => ({
      hash: transaction.hash,
      raw: transaction.raw,
      transaction,
      outcome: { status: "included", priceWei: env.baseFeeWei, dataGas: 0n },
    })),
  };
}

/** The transaction a call would be. */
const transactionOf = ({ message }: SimulatedOutcome, { isLegacy, ...fees }: AskedFees, chainId: bigint): Transaction =>
  unsignedTransaction({
    ...fees,
    type: isLegacy ? 0 : 2,
    chainId,
    nonce: message.nonce,
    gasLimit: message.gasLimit,
    to: message.to,
    valueWei: message.valueWei,
    data: message.data,
    accessList: message.accessList,
    sender: message.from,
  });

/** The block object of eth_simulateV1, its calls beside the transactions. */
export function formatSimulated(block: Block, outcomes: readonly SimulatedOutcome[], full: boolean) {
  let logIndex = 0;
  const calls = outcomes.map((outcome, transactionIndex) => ({
    // What a revert says is told with its error.
    returnData: outcome.status === "success" ? outcome.output : "0x",
    logs: outcome.logs.map((log) =>
      formatLog(
        {
          ...log,
          blockNumber: block.header.number,
          blockHash: block.hash,
          transactionHash: block.transactions[transactionIndex]!.hash,
          transactionIndex,
          logIndex: logIndex++,
        },
        block.header.timestamp,
      ),
    ),
    gasUsed: hexQuantity(outcome.gasUsed),
    maxUsedGas: hexQuantity(outcome.maxUsedGas),
    status: outcome.status === "success" ? "0x1" : "0x0",
    ...(outcome.status === "success" ? {} : { error: callError(outcome) }),
  }));
  return { ...formatBlock(block, full), calls };
}

function callError({ status, error, output }: SimulatedOutcome) {
  const { message, data } = failure(status, error, output);
  return status === "revert"
    ? { code: RPC_CODE.reverted, message, data: data as Hex }
    : { code: RPC_CODE.vmError, message };
}
