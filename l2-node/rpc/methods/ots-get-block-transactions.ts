import { z } from "zod";
import { findBlock } from "../blocks.ts";
import { method } from "../method.ts";
import { blockPage, MAX_PAGE } from "../otterscan.ts";
import { blockNumber, plainHeight } from "../schemas.ts";

const params = z.tuple([
  z.union([plainHeight, blockNumber]).meta({ title: "block" }),
  z.int().nonnegative().meta({ title: "page" }),
  z.int().positive().max(MAX_PAGE, `expected at most ${MAX_PAGE}`).meta({ title: "pageSize" }),
]);

/** Pages count from the end of the block. */
export const otsGetBlockTransactions = method(params, (context, [ref, page, size]) => {
  const block = findBlock(context, ref);
  return block ? blockPage(context, block, page, size) : null;
});
