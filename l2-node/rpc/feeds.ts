import { largerOf, smallerOf } from "../../common/bigint.ts";
import type { Transaction } from "../../common/transaction.ts";
import type { Block } from "../chain/block.ts";
import type { LogFilter, LogRecord, Receipt } from "../execution/execution.ts";
import { matches } from "../execution/receipts.ts";
import { RpcError } from "./errors.ts";
import { executionOf, type RpcContext } from "./method.ts";

// What filters collect and subscriptions tell. Each returns how to stop it.

/** Blocks as they are sealed or derived; nothing is said of those that leave the chain, as everywhere in Ethereum. */
export function watchBlocks({ chain }: RpcContext, tell: (block: Block) => void): () => void {
  chain.events.on("block", tell);
  return () => chain.events.off("block", tell);
}

/** Transactions as the mempool takes them. */
export function watchPending({ mempool }: RpcContext, tell: (transaction: Transaction) => void): () => void {
  if (!mempool) throw new RpcError("unsupported", "a replica has no mempool: ask the sequencer");
  mempool.events.on("added", tell);
  return () => mempool.events.off("added", tell);
}

/** Blocks that a log filter is about, beyond what its criteria say. */
export interface LogSpan {
  readonly fromBlock?: bigint | undefined;
  readonly toBlock?: bigint | undefined;
}

/**
 * Logs as their blocks are executed from now on, and once more as removed when the blocks are rolled back: dropped, or
 * derived anew after a claim was overturned. Executes nothing by itself.
 */
export function watchLogs(
  context: RpcContext,
  wanted: Pick<LogFilter, "addresses" | "topics"> & LogSpan,
  tell: (logs: readonly LogRecord[], removed: boolean) => void,
): () => void {
  const { events } = executionOf(context);
  const { fromBlock = 0n, toBlock } = wanted;
  // What lies before was asked for by other means; what is derived anew after it was not.
  let told = largerOf(context.chain.heads().latest, fromBlock - 1n);
  const found = (receipts: readonly Receipt[], above: bigint) =>
    receipts
      .filter(({ blockNumber: at }) => at > above && at >= fromBlock && (toBlock === undefined || at <= toBlock))
      .flatMap(({ logs }) => logs)
      .filter((log) => matches(log, wanted));
  const executed = ({ receipts }: { receipts: readonly Receipt[] }) => {
    const logs = found(receipts, told);
    if (logs.length > 0) tell(logs, false);
  };
  const retracted = ({ number, receipts }: { number: bigint; receipts: readonly Receipt[] }) => {
    told = smallerOf(told, number);
    const logs = found(receipts, 0n);
    if (logs.length > 0) tell(logs, true);
  };
  events.on("executed", executed);
  events.on("retracted", retracted);
  return () => {
    events.off("executed", executed);
    events.off("retracted", retracted);
  };
}
