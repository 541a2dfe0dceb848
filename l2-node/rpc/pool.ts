import { getAddress } from "viem";
import type { Transaction } from "../../common/transaction.ts";
import { RpcError } from "./errors.ts";
import type { RpcContext } from "./method.ts";

export interface Pool {
  /** Their turn comes with the next block, or with the fees of a later one. */
  readonly pending: readonly Transaction[];
  /** A nonce before theirs is missing. */
  readonly queued: readonly Transaction[];
}

/** Transactions one answer may hold. */
const MAX_LISTED = 5000;

/** What waits, by nonce within each account. */
export function poolOf({ mempool }: RpcContext): Pool {
  if (!mempool) throw new RpcError("unsupported", "a replica has no mempool: ask the sequencer");
  const all = [...mempool.all()].sort((a, b) => Number(a.nonce - b.nonce));
  const isPending = ({ sender, nonce }: Transaction) => nonce < mempool.pendingNonce(sender);
  return { pending: all.filter(isPending), queued: all.filter((transaction) => !isPending(transaction)) };
}

export function boundedPoolOf(context: RpcContext): Pool {
  const size = context.mempool?.size ?? 0;
  if (size > MAX_LISTED)
    throw new RpcError("limitExceeded", `${size} transactions wait: ask for one account's with txpool_contentFrom`);
  return poolOf(context);
}

/** By checksummed address, then by nonce. */
export function bySender<T>(transactions: readonly Transaction[], format: (transaction: Transaction) => T) {
  const senders: Record<string, Record<string, T>> = {};
  for (const transaction of transactions) {
    const sender = getAddress(transaction.sender);
    senders[sender] = { ...senders[sender], [String(transaction.nonce)]: format(transaction) };
  }
  return senders;
}
