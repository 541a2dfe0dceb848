import { z } from "zod";
import { locate } from "../blocks.ts";
import { formatTransaction } from "../format.ts";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";

/** Included or waiting; what was skipped is no transaction of the chain (`anh_getTransactionStatus` knows it). */
export const ethGetTransactionByHash = method(z.tuple([hash]), (context, [transactionHash]) => {
  const found = locate(context, transactionHash);
  if (found?.entry.transaction && found.entry.outcome.status === "included")
    return formatTransaction(found.entry.transaction, found);
  const waiting = context.mempool?.get(transactionHash);
  return waiting && formatTransaction(waiting);
});
