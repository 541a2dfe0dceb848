import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { method } from "../method.ts";
import { blockDetails } from "../otterscan.ts";
import { hash } from "../schemas.ts";

export const otsGetBlockDetailsByHash = method(z.tuple([hash]), (context, [blockHash]) => {
  const block = findBlock(context, { hash: blockHash });
  return block ? blockDetails(context, block) : null;
});
