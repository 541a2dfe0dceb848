import { z } from "zod";
import { watchPending } from "../feeds.ts";
import { formatTransaction } from "../format.ts";
import { method } from "../method.ts";

/** Transactions the mempool takes from now on: their hashes, or whole. */
export const ethNewPendingTransactionFilter = method(
  z.tuple([z.boolean().meta({ title: "fullTransactions" }).optional()]),
  (context, [full]) =>
    context.filters.install((collect) =>
      watchPending(context, (transaction) => collect(full ? formatTransaction(transaction) : transaction.hash)),
    ),
);
