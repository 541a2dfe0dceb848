import { z } from "zod";
import { executionOf, method } from "../method.ts";
import { hash } from "../schemas.ts";

/** What a failed transaction reverted with; empty where it did not, or said nothing. */
export const otsGetTransactionError = method(z.tuple([hash]), async (context, [transactionHash]) => {
  const receipt = await executionOf(context).receipt(transactionHash);
  return receipt ? (receipt.revertData ?? "0x") : null;
});
