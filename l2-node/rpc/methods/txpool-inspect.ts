import type { Transaction } from "../../../common/transaction.ts";
import { method, noParams } from "../method.ts";
import { boundedPoolOf, bySender } from "../pool.ts";

/** The pool in words. */
export const txpoolInspect = method(noParams, (context) => {
  const { pending, queued } = boundedPoolOf(context);
  return { pending: bySender(pending, inWords), queued: bySender(queued, inWords) };
});

const inWords = ({ to, valueWei, gasLimit, maxFeeWei }: Transaction): string =>
  `${to ?? "contract creation"}: ${valueWei} wei + ${gasLimit} gas × ${maxFeeWei} wei`;
