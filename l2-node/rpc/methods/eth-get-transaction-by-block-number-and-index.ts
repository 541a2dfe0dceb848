import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { formatTransaction, includedOf } from "../format.ts";
import { method } from "../method.ts";
import { blockNumber, quantity } from "../schemas.ts";

export const ethGetTransactionByBlockNumberAndIndex = method(
  z.tuple([blockNumber, quantity.meta({ title: "index" })]),
  (context, [ref, at]) => {
    const block = findBlock(context, ref);
    const found = block && includedOf(block).find(({ index }) => BigInt(index) === at);
    return found && formatTransaction(found.transaction, { block, index: found.index });
  },
);
