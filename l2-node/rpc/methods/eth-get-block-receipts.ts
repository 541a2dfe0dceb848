import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { formatReceipt } from "../format.ts";
import { executionOf, method } from "../method.ts";
import { blockRef } from "../schemas.ts";

export const ethGetBlockReceipts = method(z.tuple([blockRef]), async (context, [ref]) => {
  const block = findBlock(context, ref);
  if (!block) return null;
  const receipts = await executionOf(context).blockReceipts(block.header.number);
  return receipts.map((receipt) => formatReceipt(receipt, block.header.timestamp));
});
