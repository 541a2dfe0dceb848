import type { Hex } from "viem";
import type { Block } from "../chain/block.ts";
import type { Receipt } from "../execution/execution.ts";
import type { CallFrame } from "../execution/trace/call-frames.ts";
import { locate } from "./blocks.ts";
import { RpcError } from "./errors.ts";
import { formatBlock, formatReceipt, formatTransaction, hexQuantity, includedOf } from "./format.ts";
import { executionOf, type RpcContext } from "./method.ts";

// Shapes of Otterscan's own namespace, API level 8.

/** The call tree of an executed transaction; undefined for others. */
export async function callTree(context: RpcContext, hash: Hex): Promise<CallFrame | undefined> {
  const execution = executionOf(context);
  const receipt = await execution.receipt(hash);
  if (!receipt) return undefined;
  const options = { kind: "callTracer", onlyTopCall: false, withLog: false } as const;
  const [trace] = await context.gate(() => execution.traceBlock(receipt.blockNumber, options, hash));
  return trace?.result as CallFrame | undefined;
}

/** Frames from the top, each before those it called, with their depths. */
export function* framesOf(frame: CallFrame, depth = 0): Generator<{ frame: CallFrame; depth: number }> {
  yield { frame, depth };
  for (const call of frame.calls ?? []) yield* framesOf(call, depth + 1);
}

/** A block without its transactions, whose number is told instead. */
export function blockSummary(block: Block) {
  const { transactions, logsBloom: _, ...rest } = formatBlock(block, false);
  return { ...rest, logsBloom: null, transactionCount: transactions.length };
}

/** Nothing is issued; fees are what its executed transactions were charged. */
export async function blockDetails(context: RpcContext, block: Block) {
  const receipts = await executionOf(context).blockReceipts(block.header.number);
  const fees = receipts.reduce((sum, { gasUsed, effectiveGasPrice }) => sum + gasUsed * effectiveGasPrice, 0n);
  return {
    block: blockSummary(block),
    issuance: { blockReward: "0x0", uncleReward: "0x0", issuance: "0x0" },
    totalFees: hexQuantity(fees),
  };
}

/** A page of a block's transactions, the last ones first page; inputs are cut to their selectors. */
export async function blockPage(context: RpcContext, block: Block, page: number, size: number) {
  const included = includedOf(block);
  const end = Math.max(included.length - page * size, 0);
  const shown = included.slice(Math.max(end - size, 0), end);
  const receipts = await Promise.all(shown.map(({ transaction }) => executionOf(context).receipt(transaction.hash)));
  return {
    fullblock: {
      ...blockSummary(block),
      transactions: shown.map(({ transaction, index }) => {
        const formatted = formatTransaction(transaction, { block, index });
        return { ...formatted, input: formatted.input.slice(0, 10) };
      }),
    },
    // One that still waits has none.
    receipts: receipts.map((receipt) =>
      receipt ? { ...formatReceipt(receipt, block.header.timestamp), logs: null, logsBloom: null } : null,
    ),
  };
}

export const MAX_PAGE = 100;

/** Transactions an account appears in, the newest first; block 0 stands for either end. */
export async function searchPage(
  context: RpcContext,
  account: Hex,
  from: bigint,
  direction: "before" | "after",
  size: number,
) {
  const execution = executionOf(context);
  const above = direction === "before" && from === 0n ? context.chain.heads().latest + 1n : from;
  const { receipts, isLast } = await execution.appearances(account, above, direction, size);
  const sorted = [...receipts].sort(
    (a, b) => Number(b.blockNumber - a.blockNumber) || b.transactionIndex - a.transactionIndex,
  );
  const isEnd = from === 0n;
  return {
    txs: sorted.map((receipt) => transactionOf(context, receipt)),
    receipts: sorted.map((receipt) => {
      const timestamp = context.chain.store.blocks.block(receipt.blockNumber)?.header.timestamp;
      return { ...formatReceipt(receipt, timestamp), timestamp: timestamp === undefined ? null : Number(timestamp) };
    }),
    firstPage: direction === "before" ? isEnd : isLast,
    lastPage: direction === "before" ? isLast : isEnd,
  };
}

function transactionOf(context: RpcContext, { transactionHash }: Receipt) {
  const found = locate(context, transactionHash);
  if (!found?.entry.transaction) throw new RpcError("server", "transaction not found");
  return formatTransaction(found.entry.transaction, found);
}
