import { z } from "zod";
import type { Transaction } from "../../../common/transaction.ts";
import { formatTransaction } from "../format.ts";
import { method } from "../method.ts";
import { poolOf } from "../pool.ts";
import { address } from "../schemas.ts";

/** One account's transactions by nonce. */
export const txpoolContentFrom = method(z.tuple([address]), (context, [account]) => {
  const { pending, queued } = poolOf(context);
  const byNonce = (transactions: readonly Transaction[]) =>
    Object.fromEntries(
      transactions.filter(({ sender }) => sender === account).map((one) => [String(one.nonce), formatTransaction(one)]),
    );
  return { pending: byNonce(pending), queued: byNonce(queued) };
});
