import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { hexQuantity, includedOf } from "../format.ts";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";

export const ethGetBlockTransactionCountByHash = method(z.tuple([hash]), (context, [blockHash]) => {
  const block = findBlock(context, { hash: blockHash });
  return block && hexQuantity(includedOf(block).length);
});
