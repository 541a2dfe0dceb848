import type { Address } from "viem";
import type { Transaction } from "../../common/transaction.ts";
import { priceWei } from "../ledger/gas.ts";
import type { Mempool } from "./mempool.ts";

export interface Selection {
  /** The best-paying transaction whose turn it is; undefined when none is left. */
  take(): Transaction | undefined;
  /** It was included: its sender's next one may follow. */
  included(transaction: Transaction): void;
}

/** Best price first, nonces in order, equal prices in order of arrival: a binary heap over one candidate per account. */
export function selectFrom(mempool: Mempool, nonceOf: (sender: Address) => bigint, baseFeeWei: bigint): Selection {
  const heap: { readonly transaction: Transaction; readonly priceWei: bigint; readonly order: number }[] = [];
  let order = 0;

  const before = (i: number, j: number): boolean => {
    const [a, b] = [heap[i] as (typeof heap)[number], heap[j] as (typeof heap)[number]];
    return a.priceWei === b.priceWei ? a.order < b.order : a.priceWei > b.priceWei;
  };
  const swap = (i: number, j: number): void => {
    [heap[i], heap[j]] = [heap[j] as (typeof heap)[number], heap[i] as (typeof heap)[number]];
  };
  const push = (transaction: Transaction | undefined): void => {
    if (!transaction) return;
    heap.push({ transaction, priceWei: priceWei(transaction, baseFeeWei), order: order++ });
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (!before(i, parent)) break;
      swap(i, parent);
      i = parent;
    }
  };
  const pop = (): Transaction | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || top === last) return top?.transaction;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      let best = i;
      if (left < heap.length && before(left, best)) best = left;
      if (left + 1 < heap.length && before(left + 1, best)) best = left + 1;
      if (best === i) return top.transaction;
      swap(i, best);
      i = best;
    }
  };

  for (const sender of mempool.senders()) push(mempool.next(sender, nonceOf(sender)));
  return { take: pop, included: ({ sender, nonce }) => push(mempool.next(sender, nonce + 1n)) };
}
