import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { formatBlock } from "../format.ts";
import { method } from "../method.ts";
import { hash } from "../schemas.ts";

export const ethGetBlockByHash = method(
  z.tuple([hash, z.boolean().meta({ title: "fullTransactions" }).optional()]),
  (context, [blockHash, full]) => {
    const block = findBlock(context, { hash: blockHash });
    return block && formatBlock(block, full ?? false);
  },
);
