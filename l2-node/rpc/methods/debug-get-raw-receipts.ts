import { z } from "zod";
import { hexOf } from "../../../common/bytes.ts";
import { encodeReceipt } from "../../../common/receipt.ts";
import { foundBlock } from "../blocks.ts";
import { executionOf, method } from "../method.ts";
import { blockRef } from "../schemas.ts";

/** Receipts of what the block executed to its end, each as Ethereum encodes it. */
export const debugGetRawReceipts = method(z.tuple([blockRef]), async (context, [ref]) => {
  const receipts = await executionOf(context).blockReceipts(foundBlock(context, ref).header.number);
  return receipts.map((receipt) => hexOf(encodeReceipt(receipt)));
});
