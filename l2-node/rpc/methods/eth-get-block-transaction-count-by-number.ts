import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { hexQuantity, includedOf } from "../format.ts";
import { method } from "../method.ts";
import { blockNumber } from "../schemas.ts";

export const ethGetBlockTransactionCountByNumber = method(z.tuple([blockNumber]), (context, [ref]) => {
  const block = findBlock(context, ref);
  return block && hexQuantity(includedOf(block).length);
});
