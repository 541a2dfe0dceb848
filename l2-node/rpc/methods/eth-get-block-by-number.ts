import { z } from "zod/v4";
import { findBlock } from "../blocks.ts";
import { formatBlock } from "../format.ts";
import { method } from "../method.ts";
import { blockRef } from "../schemas.ts";

export const ethGetBlockByNumber = method(z.tuple([blockRef, z.boolean().optional()]), (context, [ref, full]) => {
  const block = findBlock(context, ref);
  return block && formatBlock(block, full ?? false);
});
