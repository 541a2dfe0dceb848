import { z } from "zod";
import { formatReceipt } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { hash } from "../schemas.ts";

/** null until executed to the end, however long it is parked: never invented. */
export const ethGetTransactionReceipt = method(z.tuple([hash]), async (context, [transactionHash]) => {
  const receipt = await executionOf(context).receipt(transactionHash);
  return receipt && formatReceipt(receipt, context.chain.store.blocks.block(receipt.blockNumber)?.header.timestamp);
});
