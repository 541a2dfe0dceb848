import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { formatTransaction, includedOf } from "../format.ts";
import { method } from "../method.ts";
import { hash, quantity } from "../schemas.ts";

export const ethGetTransactionByBlockHashAndIndex = method(
  z.tuple([hash, quantity.meta({ title: "index" })]),
  (context, [blockHash, at]) => {
    const block = findBlock(context, { hash: blockHash });
    const found = block && includedOf(block).find(({ index }) => BigInt(index) === at);
    return found && formatTransaction(found.transaction, { block, index: found.index });
  },
);
