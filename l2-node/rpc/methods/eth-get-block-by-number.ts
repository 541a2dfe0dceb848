import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { formatBlock } from "../format.ts";
import { method } from "../method.ts";
import { blockNumber } from "../schemas.ts";

export const ethGetBlockByNumber = method(
  z.tuple([blockNumber, z.boolean().meta({ title: "fullTransactions" }).optional()]),
  (context, [ref, full]) => {
    const block = findBlock(context, ref);
    return block && formatBlock(block, full ?? false);
  },
);
